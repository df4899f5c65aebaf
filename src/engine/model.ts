import { buildInferenceGraph } from '../core/model/inferenceGraph.ts';
import { linearLayers } from '../core/model/layout.ts';
import { type AdapterBank, createAdapterBank, type Weights } from './adapterBank.ts';
import { createKvCache, type KvCache } from './kvCache.ts';
import type { Base } from './loadBase.ts';
import { createSession, int32s, int64s, readFloats, type Session } from './session.ts';

/** A base compiled for inference, with the bank of experts beside it. */
export interface Model {
  base: Base;
  bank: AdapterBank;
  /**
   * Runs tokens through the model. `tokens[b]` are the new tokens of row b, `past[b]` how many its cache holds already.
   * Returns the logits [rows wanted, vocab]: of each row's last token, or with `all` of every token, row after row.
   */
  run(tokens: number[][], past: number[], weights: Weights[], cache: KvCache, all?: boolean): Promise<Float32Array>;
  dispose(): Promise<void>;
}

export async function openModel(base: Base, threads: number): Promise<Model> {
  const layers = linearLayers(base.config);
  const adapted = new Set(layers.map(l => l.path));
  const session = await createSession(buildInferenceGraph(base.config, base.tensors, adapted), {
    folder: base.folder,
    threads,
  });
  return modelOver(base, session, createAdapterBank(layers));
}

/** A model over a compiled graph and a bank that fits it. */
export function modelOver(base: Base, session: Session, bank: AdapterBank): Model {
  return {
    base,
    bank,

    async run(tokens, past, weights, cache, all = false) {
      const rows = tokens.length;
      const length = Math.max(...tokens.map(t => t.length));
      const ids = new Int32Array(rows * length);
      const positions = new Int32Array(rows * length);
      const wanted: number[] = [];
      for (const [b, row] of tokens.entries()) {
        ids.set(row, b * length);
        // Padding may run past the last position the tables hold; what it computes is not read.
        for (let t = 0; t < length; t++) positions[b * length + t] = Math.min(past[b]! + t, base.config.maxLength - 1);
        if (all) for (let t = 0; t < row.length; t++) wanted.push(b * length + t);
        else wanted.push(b * length + row.length - 1);
      }
      const totals = tokens.map((row, b) => past[b]! + row.length);
      const feeds = {
        ids: int64s(ids, [rows, length]),
        positions: int64s(positions, [rows, length]),
        logitRows: int64s(wanted, [wanted.length]),
        lastPositions: int32s(
          Int32Array.from(totals, n => n - 1),
          [rows],
        ),
        totalLength: int32s(Int32Array.of(Math.max(...totals)), []),
        ...bank.feeds(weights),
        ...cache.feeds,
      };
      const out = await session.run(feeds, cache.fetches);
      return readFloats(out.logits!);
    },

    dispose: () => session.dispose(),
  };
}

/** Logits of every token of one sequence, [seq, vocab]. */
export function allLogits(model: Model, ids: number[], weights: Weights): Promise<Float32Array> {
  return model.run([ids], [0], [weights], createKvCache(model.base.config, 1, ids.length), true);
}
