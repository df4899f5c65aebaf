import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fitLinearGates } from '../../../src/engine/gating/fitLinearGates.ts';
import { batchesOf, readInputs } from '../../../src/engine/merging/readInputs.ts';
import { createKvCache } from '../../../src/engine/runtime/kvCache.ts';
import { openModel } from '../../../src/engine/runtime/openModel.ts';
import { readFloats } from '../../../src/engine/runtime/session.ts';
import { readAdapter } from '../../../src/experiment/adapterFiles.ts';
import { gramOutputs } from '../../../src/nn/merge/gramGraph.ts';
import { linearGroups } from '../../../src/nn/model/layout.ts';
import { beginsHalf } from '../../../src/nn/model/tokenGating.ts';
import { Random } from '../../../src/nn/tensor/random.ts';
import type { EncodedExample } from '../../../src/nn/train/assembleBatch.ts';
import { assertClose } from '../../support/assertClose.ts';
import { goldenBase } from '../../support/goldenBase.ts';
import { goldenPath } from '../../support/goldenFiles.ts';

/** Texts of tokens that are `start`, `start + 1` … modulo 40, which each expert has its own of. */
function texts(start: number, seed: number): EncodedExample[] {
  const random = new Random(seed);
  return Array.from({ length: 24 }, () => {
    const ids = Int32Array.from({ length: random.integer(6, 12) }, () => start + random.integer(0, 39));
    return { ids, labels: ids };
  });
}

async function open() {
  const base = await goldenBase('llama_tied');
  const folders = ['llama_all', 'llama_domain_b'];
  const adapters = await Promise.all(
    folders.map((name, i) => readAdapter(goldenPath(`train/${name}/adapter`), 'ab'[i])),
  );
  const parts = adapters.map((adapter, i) => ({ adapter, examples: texts(3 + 60 * i, i) }));
  return { base, adapters, parts };
}

test('what layers read behind gates that are sure of an expert is what they read with that expert', async () => {
  const { base, adapters, parts } = await open();
  const groups = linearGroups(base.config).filter(beginsHalf);
  const paths = new Set(adapters.flatMap(({ modules }) => [...modules.keys()]));
  const sure = (expert: number) => {
    const weight = new Float32Array(2 * base.config.dim);
    const bias = Float32Array.of(0, 0).fill(100, expert, expert + 1);
    return {
      kind: 'linear' as const,
      experts: ['a', 'b'],
      halves: new Map(groups.map(g => [g.name, { weight, bias }])),
    };
  };
  const batches = [batchesOf(parts[0]!.examples), batchesOf(parts[0]!.examples)];
  const options = { base, parts, paths, passes: [groups], batches, threads: 1, watch: {} };
  const read = async (gates?: ReturnType<typeof sure>) => {
    const found: Float32Array[][] = [[], []];
    await readInputs({ ...options, gates }, 'sum', {
      begin() {},
      batch(out, expert) {
        for (const group of groups)
          found[expert]!.push(readFloats(out[gramOutputs.gram(group)]!), readFloats(out[gramOutputs.sum(group)]!));
      },
      async end() {},
    });
    return found;
  };
  const own = await read();
  for (const expert of [0, 1])
    for (const [i, sums] of (await read(sure(expert)))[0]!.entries()) assertClose(sums, own[expert]![i]!, 1e-4);
});

test('gates tell whose texts tokens are of, to the same bits; fitting can be cancelled', async () => {
  const { base, adapters, parts } = await open();
  const told: [number, number][] = [];
  const watch = { progress: (done: number, total: number) => void told.push([done, total]) };
  const gates = await fitLinearGates({ base, parts, threads: 1, watch });
  assert.deepEqual(gates, await fitLinearGates({ base, parts, threads: 1, watch: {} }));
  assert.deepEqual(told.at(-1), [96, 96]);
  assert.ok(told.every(([done], i) => i === 0 || done >= told[i - 1]![0]));

  const model = await openModel(base, 1);
  for (const adapter of adapters) await model.load(adapter);
  await model.gateTokens(gates);
  for (const [expert, start] of [3, 63].entries()) {
    let [right, all] = [0, 0];
    for (const { ids } of texts(start, 9)) {
      const onShares = (shares: Float32Array) => {
        for (let t = 0; t < ids.length; t++, all++) if (shares[2 * t + expert]! > 0.5) right++;
      };
      await model.run([[...ids]], [0], [{ auto: 1 }], createKvCache(base.config, 1, ids.length), { onShares });
    }
    assert.ok(right > 0.85 * all, `${right} of ${all}`);
  }
  await model.dispose();
  await assert.rejects(fitLinearGates({ base, parts, threads: 1, watch: { signal: AbortSignal.abort() } }), /abort/i);
});
