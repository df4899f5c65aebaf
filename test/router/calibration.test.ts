import assert from 'node:assert/strict';
import { test } from 'node:test';
import { calibrationError, fitTemperature } from '../../src/router/calibration.ts';

test('logits three times too sharp get temperature 3', () => {
  const target = [0.7, 0.2, 0.1];
  const logits = target.map(share => 3 * Math.log(share));
  assert.ok(Math.abs(fitTemperature([{ logits, target }]) - 3) < 1e-2);
});

test('calibration error: 0.9 sure and half right is 0.4', () => {
  const answers = [true, false].map(right => ({ confidence: 0.9, right }));
  assert.ok(Math.abs(calibrationError(answers) - 0.4) < 1e-12);
  assert.equal(calibrationError([{ confidence: 1, right: true }]), 0);
});
