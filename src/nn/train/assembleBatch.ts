import { ignoreLabel } from '../tokenizer/encodeExample.ts';

/** One tokenised example. */
export interface EncodedExample {
  ids: Int32Array;
  /** Aligned with ids; −100 where nothing is learned. */
  labels: Int32Array;
}

/** Rows of one expert. */
export interface BatchPart {
  /** Index of the expert among those of the graph. */
  expert: number;
  scaling: number;
  examples: EncodedExample[];
  /** Share of these rows in the expert's step: of its trained tokens. */
  share: number;
}

/** What one execution of the training graph reads, besides parameters. B rows, T tokens, E experts, M trained tokens. */
export interface Batch {
  rows: number;
  length: number;
  /** [B, T], padded with 0 on the right. */
  ids: Int32Array;
  /** [B, E]. */
  gate: Float32Array;
  /** [M], positions of the flattened batch. */
  lossRows: Int32Array;
  /** [M]. */
  labels: Int32Array;
  /** [M, E]. */
  lossWeights: Float32Array;
  /** [B], tokens of each row that are not padding. */
  lengths: Int32Array;
  /** Their sum. */
  tokens: number;
}

/**
 * Puts the rows of several experts into one batch. Each expert's loss is the mean over its own trained tokens, so its
 * gradient is the same whoever shares the batch.
 */
export function assembleBatch(parts: BatchPart[], expertCount: number): Batch {
  const examples = parts.flatMap(p => p.examples.map(example => ({ example, part: p })));
  const rows = examples.length;
  const length = Math.max(...examples.map(e => e.example.ids.length));
  const ids = new Int32Array(rows * length);
  const gate = new Float32Array(rows * expertCount);
  const lossRows: number[] = [];
  const labels: number[] = [];
  const owners: BatchPart[] = [];
  let tokens = 0;
  for (const [row, { example, part }] of examples.entries()) {
    ids.set(example.ids, row * length);
    gate[row * expertCount + part.expert] = part.scaling;
    tokens += example.ids.length;
    // The state at position t − 1 predicts token t.
    for (let t = 1; t < example.ids.length; t++) {
      if (example.labels[t] === ignoreLabel) continue;
      lossRows.push(row * length + t - 1);
      labels.push(example.labels[t]!);
      owners.push(part);
    }
  }
  const counts = new Map<BatchPart, number>();
  for (const part of owners) counts.set(part, (counts.get(part) ?? 0) + 1);
  const lossWeights = new Float32Array(owners.length * expertCount);
  owners.forEach((part, i) => {
    lossWeights[i * expertCount + part.expert] = part.share / counts.get(part)!;
  });
  return {
    rows,
    length,
    ids,
    gate,
    lossRows: Int32Array.from(lossRows),
    labels: Int32Array.from(labels),
    lossWeights,
    lengths: Int32Array.from(examples, e => e.example.ids.length),
    tokens,
  };
}

/** What an execution of the graph costs besides its tokens, as a number of padded tokens: measured about 3 ms against 5 tokens/ms. */
const tokensPerExecution = 16;

/**
 * Cuts the rows of a micro-batch into two where the saved padding is worth another execution of the graph: experts differ
 * in the length of their examples. Each expert's share of a batch follows its trained tokens there, so the sum of the
 * losses is still the mean over all of its tokens.
 */
export function lengthGroups(parts: BatchPart[]): BatchPart[][] {
  const rows = parts
    .flatMap(part => part.examples.map(example => ({ part, example })))
    .sort((a, b) => a.example.ids.length - b.example.ids.length);
  const longest = rows.at(-1)!.example.ids.length;
  let best = { cut: 0, cost: rows.length * longest };
  for (let cut = 1; cut < rows.length; cut++) {
    const cost = cut * rows[cut - 1]!.example.ids.length + (rows.length - cut) * longest + tokensPerExecution;
    if (cost < best.cost * 0.9 || (best.cut > 0 && cost < best.cost)) best = { cut, cost };
  }
  if (best.cut === 0) return [parts];
  return [rows.slice(0, best.cut), rows.slice(best.cut)].map(group =>
    parts.flatMap(part => {
      const examples = group.filter(r => r.part === part).map(r => r.example);
      if (examples.length === 0) return [];
      const share = (part.share * trainedTokens(examples)) / trainedTokens(part.examples);
      return [{ ...part, examples, share }];
    }),
  );
}

/** Tokens of the examples that carry loss; the first of a text has none, because nothing predicts it. */
export function trainedTokens(examples: readonly EncodedExample[]): number {
  return examples.reduce(
    (sum, e) => sum + e.labels.reduce((n, label, t) => n + (t > 0 && label !== ignoreLabel ? 1 : 0), 0),
    0,
  );
}
