import { type Base, graphConfig } from '../../experiment/base.ts';
import type { WorkWatch } from '../../experiment/workWatch.ts';
import type { Adapter } from '../../nn/lora/adapter.ts';
import { buildGramGraph, gramInputs } from '../../nn/merge/gramGraph.ts';
import { stackFactors } from '../../nn/merge/stackedFactors.ts';
import { type LinearGroup, linearGroups, linearLayers } from '../../nn/model/layout.ts';
import type { LinearGates } from '../../nn/model/tokenGates.ts';
import { assembleBatch, type Batch, type EncodedExample } from '../../nn/train/assembleBatch.ts';
import { gateFeeds } from '../runtime/gateFeeds.ts';
import { giveWay } from '../runtime/precedence.ts';
import { createSession, type Feeds, floats, int64s } from '../runtime/session.ts';
import { textFeeds } from '../training/trainBackend.ts';

/** Rows of a batch. */
const batchRows = 16;
/**
 * Bytes of Gram matrices that are summed up at a time, in F64 and as the runtime gives them: the texts are read again for
 * the layers beyond. The embedded base takes 50 MB.
 */
const bytesAtATime = 1e9;

/** What is read: of each expert batches of its texts, by the layers that share an input, in passes over the texts. */
export interface InputReading {
  base: Base;
  parts: readonly { adapter: Adapter }[];
  /** Layers that carry factors. */
  paths: ReadonlySet<string>;
  passes: readonly LinearGroup[][];
  /** By expert. */
  batches: readonly Batch[][];
  /** With these all experts act at once, and gates choose among them; without them each expert acts on its own texts. */
  gates?: LinearGates | undefined;
  threads: number;
  watch: WorkWatch;
}

/** Who reads. */
export interface InputReader {
  begin(pass: LinearGroup[]): void;
  /** What the graph of Gram matrices gives for a batch of an expert's texts. */
  batch(out: Feeds, expert: number): void;
  /** When all texts were read; `pause` hears cancellations. */
  end(pause: () => Promise<void>): Promise<void>;
}

/**
 * Runs each expert's texts through the base with that expert, on the CPU, and tells what its layers read: their Gram
 * matrices, and what is asked for beside them. The same texts give the same bits. Throws the reason of `watch` when it aborts.
 */
export async function readInputs(o: InputReading, beside: 'cross' | 'sum', reader: InputReader): Promise<void> {
  const { base, parts, batches, paths, watch } = o;
  const total = o.passes.length * batches.flat().reduce((sum, { rows }) => sum + rows, 0);
  let done = 0;
  const advance = async (texts: number) => {
    done += texts;
    watch.progress?.(done, total);
    await giveWay();
    watch.signal?.throwIfAborted();
  };
  for (const pass of o.passes) {
    const gated = o.gates && { experts: parts.length };
    const graph = buildGramGraph(graphConfig(base), base.tensors, paths, pass, { beside, gated });
    const asked = new Set(graph.inputs.map(v => v.name));
    const session = await createSession(graph, { folder: base.folder, threads: o.threads, varyingShapes: true });
    try {
      reader.begin(pass);
      const gatedFactors = o.gates && gatedFeeds(base, o.gates, parts, asked);
      for (const [expert, { adapter }] of parts.entries()) {
        const factors = gatedFactors ?? factorFeeds(base, adapter, paths, asked);
        for (const batch of batches[expert]!) {
          const fed = { ...textFeeds(batch, base.config), tokens: tokenPlaces(batch), ...factors };
          reader.batch(await session.run(fed), expert);
          await advance(batch.rows);
        }
      }
      await reader.end(() => advance(0));
    } finally {
      await session.dispose();
    }
  }
}

/** Layers whose Gram matrices are in memory at a time. */
export function passesOf(groups: LinearGroup[]): LinearGroup[][] {
  const passes: LinearGroup[][] = [[]];
  let bytes = 0;
  for (const group of groups) {
    const own = 12 * group.in ** 2;
    if (bytes > 0 && bytes + own > bytesAtATime) {
      passes.push([]);
      bytes = 0;
    }
    passes.at(-1)!.push(group);
    bytes += own;
  }
  return passes;
}

/** Texts of like length together, so that little is padded. */
export function batchesOf(examples: EncodedExample[]): Batch[] {
  const sorted = [...examples].sort((a, b) => a.ids.length - b.ids.length);
  const starts = Array.from({ length: Math.ceil(sorted.length / batchRows) }, (_, i) => i * batchRows);
  return starts.map(start =>
    assembleBatch([{ expert: 0, scaling: 1, examples: sorted.slice(start, start + batchRows), share: 1 }], 1),
  );
}

/** The positions of a batch's tokens that are no padding, in the flattened batch. */
function tokenPlaces({ lengths, length }: Batch): Feeds[string] {
  const places = [...lengths].flatMap((own, row) => Array.from({ length: own }, (_, t) => row * length + t));
  return int64s(places, [places.length]);
}

/** An adapter's factors as the graph asks for them; of a layer that it leaves alone, zeros of rank 1. */
function factorFeeds(base: Base, { modules }: Adapter, paths: ReadonlySet<string>, asked: ReadonlySet<string>): Feeds {
  const feeds: Feeds = {};
  for (const { path, in: width, out } of linearLayers(base.config)) {
    if (!paths.has(path)) continue;
    const own = modules.get(path);
    const rank = own?.A.rows ?? 1;
    const A = own?.A.data ?? new Float32Array(width);
    const B = own?.B.data.map(x => x * own.scaling) ?? new Float32Array(out);
    feeds[gramInputs.A(path)] = floats(A, [rank, width]);
    feeds[gramInputs.B(path)] = floats(B, [out, rank]);
  }
  return Object.fromEntries(Object.entries(feeds).filter(([name]) => asked.has(name)));
}

/** The factors of all experts and the gates that choose among them, as the graph asks for them. */
function gatedFeeds(base: Base, gates: LinearGates, parts: InputReading['parts'], asked: ReadonlySet<string>): Feeds {
  const feeds = gateFeeds(gates, linearGroups(base.config));
  for (const [path, { A, B, owners }] of stackFactors(parts.map(({ adapter }) => adapter))) {
    const rank = owners.length;
    const owned = new Float32Array(parts.length * rank);
    for (const [r, expert] of owners.entries()) owned[expert * rank + r] = 1;
    feeds[gramInputs.A(path)] = floats(A.data, [rank, A.cols]);
    feeds[gramInputs.B(path)] = floats(B.data, [B.rows, rank]);
    feeds[gramInputs.owners(path)] = floats(owned, [parts.length, rank]);
  }
  return Object.fromEntries(Object.entries(feeds).filter(([name]) => asked.has(name)));
}
