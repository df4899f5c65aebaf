import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fitTemperature } from '../../src/router/calibration.ts';

test('logits three times too sharp get temperature 3', () => {
  const target = [0.7, 0.2, 0.1];
  const logits = target.map(share => 3 * Math.log(share));
  assert.ok(Math.abs(fitTemperature([{ logits, target }]) - 3) < 1e-2);
});
