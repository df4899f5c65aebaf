import { test } from 'node:test';
import { parseBaseConfig } from '../../../src/nn/model/config.ts';
import { rotaryTables } from '../../../src/nn/model/rope.ts';
import { assertClose } from '../../support/assertClose.ts';
import { goldenJson } from '../../support/goldenFiles.ts';

const plain = parseBaseConfig({ ...goldenJson('models/llama_tied/config.json'), head_dim: 4 });

test('angles are position · theta^(−i/half)', () => {
  const { cos, sin } = rotaryTables(plain, 3);
  assertClose(cos, [1, 1, Math.cos(1), Math.cos(0.01), Math.cos(2), Math.cos(0.02)], 1e-6);
  assertClose(sin, [0, 0, Math.sin(1), Math.sin(0.01), Math.sin(2), Math.sin(0.02)], 1e-6);
});

test('linear scaling divides every frequency by its factor', () => {
  const { cos } = rotaryTables({ ...plain, ropeScaling: { type: 'linear', factor: 4 } }, 2);
  assertClose(cos.subarray(2), [Math.cos(0.25), Math.cos(0.0025)], 1e-6);
});

test('llama3 scaling keeps short waves, divides long ones, and goes smoothly between', () => {
  const scaled = (originalLength: number) => {
    const ropeScaling = { type: 'llama3', factor: 8, lowFactor: 1, highFactor: 4, originalLength } as const;
    return rotaryTables({ ...plain, ropeScaling }, 2).sin.subarray(2);
  };
  // Wavelengths are 2π and 200π.
  assertClose(scaled(1e6), [Math.sin(1), Math.sin(0.01)], 1e-6, 'both short');
  assertClose(scaled(1), [Math.sin(1 / 8), Math.sin(0.01 / 8)], 1e-6, 'both long');
  const smooth = (1250 / (200 * Math.PI) - 1) / 3;
  const between = (1 - smooth) * (0.01 / 8) + smooth * 0.01;
  assertClose(scaled(1250), [Math.sin(1), Math.sin(between)], 1e-6, 'the second between');
});
