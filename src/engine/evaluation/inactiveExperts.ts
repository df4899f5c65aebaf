import { createAdapterBank, type Weights } from '../runtime/adapterBank.ts';
import { createKvCache } from '../runtime/kvCache.ts';
import { allLogits, compileInference, type Model, modelOver } from '../runtime/model.ts';

/**
 * Compares, bit for bit, the logits of the base alone (a graph that knows no adapters) with those of the graph with all
 * experts in the bank: once with no expert active, and once in a batch in which all are active for another row.
 */
export async function inactiveExpertsCheck(
  model: Model,
  probes: number[][],
  threads: number,
): Promise<{ difference: number; bitEqual: boolean; tokens: number }> {
  const { base, bank } = model;
  const session = await compileInference(base, threads, model.device, { adapted: false });
  const alone = modelOver(base, session, createAdapterBank([]), model.device);
  const everyone: Weights = Object.fromEntries(bank.names().map(name => [name, 1]));
  let difference = 0;
  let bitEqual = true;
  let tokens = 0;
  const compare = (a: Float32Array, b: Float32Array) => {
    const [x, y] = [a, b].map(f => new Int32Array(f.buffer, f.byteOffset, f.length)) as [Int32Array, Int32Array];
    for (let i = 0; i < x.length; i++) {
      if (x[i] === y[i]) continue;
      bitEqual = false;
      difference = Math.max(difference, Math.abs(a[i]! - b[i]!));
    }
  };
  try {
    for (const ids of probes) {
      tokens += ids.length;
      compare(await allLogits(alone, ids, {}), await allLogits(model, ids, {}));
      // The same batch of two rows both times: the matrix product may add in another order for another number of rows.
      const pair = (m: Model, weights: Weights[]) =>
        m.run([ids, ids], [0, 0], weights, createKvCache(base.config, 2, ids.length), { from: 0 });
      const [expected, mixed] = [await pair(alone, [{}, {}]), await pair(model, [{}, everyone])];
      compare(expected.subarray(0, expected.length / 2), mixed.subarray(0, mixed.length / 2));
    }
  } finally {
    await session.dispose();
  }
  return { difference, bitEqual, tokens };
}
