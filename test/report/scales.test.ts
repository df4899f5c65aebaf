import assert from 'node:assert/strict';
import { test } from 'node:test';
import { linearScale, logScale } from '../../src/report/scales.ts';

test('a linear scale grows to round ticks', () => {
  const scale = linearScale([0, 1400], [0, 300], 4);
  assert.deepEqual(
    scale.ticks.map(({ label }) => label),
    ['0', '500', '1000', '1500'],
  );
  assert.equal(scale.at(0), 0);
  assert.equal(scale.at(750), 150);
  assert.deepEqual(
    linearScale([0, 0.3], [0, 1], 3).ticks.map(({ label }) => label),
    ['0', '0.1', '0.2', '0.3'],
  );
  assert.deepEqual(
    linearScale([2, 2], [0, 1], 1).ticks.map(({ value }) => value),
    [2, 3],
  );
});

test('a logarithmic scale has ticks at 1, 2 and 5, and decades alone where those would crowd', () => {
  const scale = logScale([0.06, 3], [100, 0]);
  assert.deepEqual(
    scale.ticks.map(({ label }) => label),
    ['0.05', '0.1', '0.2', '0.5', '1', '2', '5'],
  );
  assert.equal(scale.at(0.05), 100);
  assert.ok(Math.abs(scale.at(5)) < 1e-9);
  assert.ok(Math.abs(scale.at(0.5) - 50) < 1e-9);
  assert.deepEqual(
    logScale([0.0012, 9], [0, 1]).ticks.map(({ label }) => label),
    ['0.001', '0.01', '0.1', '1', '10'],
  );
});
