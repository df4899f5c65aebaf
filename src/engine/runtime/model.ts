import { isDeepStrictEqual } from 'node:util';
import { type Base, graphConfig } from '../../experiment/base.ts';
import { type Adapter, beyondFactors } from '../../nn/lora/adapter.ts';
import { plansExecutions } from '../../nn/memory/answeringMemory.ts';
import { buildInferenceGraph, type InferenceParts } from '../../nn/model/inferenceGraph.ts';
import { firstPosition, longTextsAbove } from '../../nn/model/rope.ts';
import { gateShape, type TokenGates } from '../../nn/model/tokenGates.ts';
import { sharesOutput } from '../../nn/model/tokenGating.ts';
import type { Device } from '../../protocol/device.ts';
import { WorkbenchError } from '../../protocol/errors.ts';
import type { AdapterBank, Weights } from './adapterBank.ts';
import { createKvCache, type KvCache, noteTokens, writeRows, writtenRows } from './kvCache.ts';
import { rowEffects } from './rowEffects.ts';
import { createSession, type Feeds, int32s, int64s, readFloats, type Session } from './session.ts';

/** A base compiled for inference, with the bank of experts beside it. */
export interface Model {
  base: Base;
  bank: AdapterBank;
  /** What it runs on. */
  device: Device;
  /** Puts an expert into the bank. Throws `mismatch` and `unsupported` where it does not fit the base. */
  load(adapter: Adapter): Promise<void>;
  /** Lets gates choose among experts in the bank for each token, in rows that give `byToken` weight. */
  gateTokens(gates: TokenGates): Promise<void>;
  /**
   * Runs tokens through the model. `tokens[b]` are the new tokens of row b, `past[b]` how many its cache holds already.
   * Returns the logits [rows wanted, vocab]: of each row's last token, or of every token from the one numbered `from` on,
   * row after row.
   */
  run(tokens: number[][], past: number[], weights: Weights[], cache: KvCache, wanted?: Wanted): Promise<Float32Array>;
  dispose(): Promise<void>;
}

/** What an execution gives beside the logits of each row's last token. */
export interface Wanted {
  /** Logits of every token of a row from this one on, row after row. */
  from?: number | undefined;
  /**
   * Told the shares that the token gates give the experts, [rows, T, experts], T the longest row; not called where the
   * model has no token gates.
   */
  onShares?: ((shares: Float32Array) => void) | undefined;
}

/** Whether caches stay in a device's memory, where they are written in place. */
export const keepsCaches = (device: Device): boolean => device === 'webgpu';

/** The inference graph of a base, with or without adapters and row effects; on a GPU cache and bank stay in its memory. */
export function compileInference(base: Base, threads: number, device: Device, parts: InferenceParts): Promise<Session> {
  const graph = buildInferenceGraph(graphConfig(base), base.tensors, { ...parts, wholeCaches: keepsCaches(device) });
  const resident = graph.inputs
    .map(i => i.name)
    .filter(name => /^cache\.|\.(lora_[AB]|gateWeight|prototypes)$/.test(name));
  const varyingShapes = !plansExecutions(base.tensors);
  return createSession(graph, { folder: base.folder, threads, device, resident, varyingShapes });
}

/** How a model's graph is compiled anew where an expert or gates need more of it. */
export interface Recompiling {
  threads: number;
  compile(parts: InferenceParts): Promise<Session>;
  /** Those of the graph that is compiled. */
  parts: InferenceParts;
}

/** What a graph has to read, so that it can be run with what is in the bank. */
export function partsOf(bank: AdapterBank): InferenceParts {
  const gates = bank.tokenGates();
  return { adapted: bank.names().length > 0, rowEffects: bank.hasRowEffects(), tokenGates: gates && gateShape(gates) };
}

/** A model over a compiled graph and a bank that fits it. */
export function modelOver(
  base: Base,
  compiled: Session,
  bank: AdapterBank,
  device: Device = 'cpu',
  recompiling?: Recompiling,
): Model {
  let session = compiled;
  /** The graph's; a bank without groups fits one without adapters. */
  let parts = recompiling?.parts;
  const c = base.config;
  /** Texts above this length are rotated otherwise from their first token on. */
  const above = longTextsAbove(c);

  const execute = async (
    tokens: number[][],
    past: number[],
    weights: Weights[],
    cache: KvCache,
    from: (row: number) => number,
    onShares: Wanted['onShares'],
  ): Promise<Float32Array> => {
    const rows = tokens.length;
    const length = Math.max(...tokens.map(t => t.length));
    const totals = tokens.map((row, b) => past[b]! + row.length);
    const ids = new Int32Array(rows * length);
    const positions = new Int32Array(rows * length);
    const wanted: number[] = [];
    for (const [b, row] of tokens.entries()) {
      ids.set(row, b * length);
      const first = firstPosition(c, totals[b]!);
      // Padding may run past the last position the tables hold; what it computes is not read.
      for (let t = 0; t < length; t++) positions[b * length + t] = first + Math.min(past[b]! + t, c.maxLength - 1);
      for (let t = from(b); t < row.length; t++) wanted.push(b * length + t);
    }
    // The first expert since the base was opened.
    if (parts?.adapted === false && bank.names().length > 0) await recompile({ ...parts, adapted: true });
    // Hundreds of tensors: copied once.
    const factors = bank.feeds(weights);
    const feeds = parts?.adapted === false ? { ...cache.feeds } : Object.assign(factors, cache.feeds);
    feeds.ids = int64s(ids, [rows, length]);
    feeds.positions = int64s(positions, [rows, length]);
    feeds.logitRows = int64s(wanted, [wanted.length]);
    const last = Int32Array.from(totals, n => n - 1);
    feeds.lastPositions = int32s(last, [rows]);
    feeds.totalLength = int32s(Int32Array.of(Math.max(...totals)), []);
    const tellShares = (out: Feeds) => onShares && out[sharesOutput] && onShares(readFloats(out[sharesOutput]));
    if (keepsCaches(device)) {
      const out = await session.run(feeds, cache.fetches);
      tellShares(out);
      return readFloats(out.logits!);
    }
    const written = writtenRows(cache, tokens, past);
    feeds.writtenRows = int64s(written, [1, written.length / 3, 3]);
    const out = await session.run(feeds);
    writeRows(cache, tokens, past, readFloats(out['cache.written']!));
    tellShares(out);
    return readFloats(out.logits!);
  };

  /** Never two graphs at a time: each may hold the weights. */
  const recompile = async (after: InferenceParts) => {
    await session.dispose();
    session = await recompiling!.compile(after).catch(async error => {
      session = await recompiling!.compile(parts!);
      throw error;
    });
    parts = after;
  };

  return {
    base,
    bank,
    device,

    async load(adapter) {
      if (!beyondFactors(adapter)) return bank.load(adapter);
      if (!recompiling) throw new WorkbenchError('runtime', `no graph that could read expert '${adapter.name}'`);
      const effects = await rowEffects(base, adapter, recompiling.threads);
      if (!bank.hasRowEffects()) await recompile({ ...parts!, adapted: true, rowEffects: true });
      bank.load(adapter, effects);
    },

    async gateTokens(gates) {
      if (!recompiling) throw new WorkbenchError('runtime', 'no graph that could read token gates');
      const after = { ...parts!, adapted: true, tokenGates: gateShape(gates) };
      if (!isDeepStrictEqual(parts, after)) await recompile(after);
      bank.gateTokens(gates);
    },

    run(tokens, past, weights, cache, { from, onShares } = {}) {
      const firstWanted = (row: number) => from ?? tokens[row]!.length - 1;
      if (above === undefined) return execute(tokens, past, weights, cache, firstWanted, onShares);
      noteTokens(cache, tokens, past);
      const becomesLong = (n: number, b: number) => n > 0 && n <= above && n + tokens[b]!.length > above;
      if (!past.some(becomesLong)) return execute(tokens, past, weights, cache, firstWanted, onShares);
      // The whole batch anew: the operator writes behind filled caches for single tokens alone.
      const whole = tokens.map((_, b) => [...cache.tokens[b]!]);
      const none = past.map(() => 0);
      return execute(whole, none, weights, cache, row => past[row]! + firstWanted(row), onShares);
    },

    dispose: () => session.dispose(),
  };
}

/** Logits of every token of one sequence, [seq, vocab]. */
export function allLogits(model: Model, ids: number[], weights: Weights): Promise<Float32Array> {
  return model.run([ids], [0], [weights], createKvCache(model.base.config, 1, ids.length), { from: 0 });
}
