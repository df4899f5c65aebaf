import assert from 'node:assert/strict';
import test from 'node:test';
import { followCurves } from '../../../src/extension/training/followCurves.ts';
import type { RunProgressed } from '../../../src/protocol/views/training.ts';
import { stepEvent as step } from '../../support/stepEvent.ts';

test('a run that is followed tells what has come, and all of it where it forgot something', () => {
  const told: RunProgressed[] = [];
  const { follow, changed } = followCurves(progress => told.push(progress));
  const events = [step(1), step(2)];
  const run = { id: 'a', events };
  changed(run);
  assert.deepEqual(told, [], 'nobody follows it yet');
  const steps = ({ experts, isWhole }: RunProgressed) => [isWhole, ...(experts[0]?.train.map(p => p.step) ?? [])];
  assert.deepEqual(steps(follow(run)), [true, 1, 2]);
  changed(run);
  assert.deepEqual(told, [], 'no news');
  events.push(step(3));
  changed(run);
  // It goes on from a checkpoint of step 1.
  events.splice(1, 2, step(2));
  changed(run);
  assert.deepEqual(told.map(steps), [
    [false, 3],
    [true, 1, 2],
  ]);
});
