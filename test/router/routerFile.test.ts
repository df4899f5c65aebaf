import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { WorkbenchError } from '../../src/protocol/errors.ts';
import { parseRouter, readPrior, serializePrior, serializeRouter } from '../../src/router/routerFile.ts';
import { trainRouter } from '../../src/router/trainRouter.ts';
import { ownPrompts, prior, priorBytes, priorHeader } from './fixtures.ts';

test('the shipped prior is below 1 MB and survives a round trip bit for bit', () => {
  assert.ok(priorBytes.length < 1_000_000);
  const { header, bytes } = serializePrior(prior);
  assert.deepEqual(header, priorHeader);
  assert.deepEqual(bytes, priorBytes);
});

test('a trained router is the same bits after it was stored', () => {
  const model = trainRouter({ prior, experts: ownPrompts(50), seed: 1 });
  const { header, bytes } = serializeRouter(model);
  assert.deepEqual(parseRouter(JSON.parse(JSON.stringify(header)), bytes), model);
});

const isBadFile = (error: unknown) => error instanceof WorkbenchError && error.code === 'badFile';

test('a header that is no router is refused', () => {
  const wrong = [
    null,
    3,
    {},
    { ...priorHeader, version: 2 },
    { ...priorHeader, bucketCount: 3 },
    { ...priorHeader, scale: 0 },
  ];
  wrong.push(
    { ...priorHeader, classes: [] },
    { ...priorHeader, classes: [{ name: 1 }] },
    { ...priorHeader, rehearsal: -1 },
  );
  wrong.push({ ...priorHeader, classes: [null] });
  for (const header of wrong) assert.throws(() => readPrior(header, priorBytes), isBadFile);
});

test('bytes cut short anywhere are refused', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: priorBytes.length - 1 }), length => {
      assert.throws(() => readPrior(priorHeader, priorBytes.subarray(0, length)), isBadFile);
    }),
    { numRuns: 30 },
  );
});
