import type { Base } from '../../experiment/base.ts';
import { externalWeights } from '../../nn/model/baseWeights.ts';
import { buildReachGraph } from '../../nn/model/tokenReach.ts';
import { ignoreLabel } from '../../nn/tokenizer/encodeExample.ts';
import type { Problem } from '../../protocol/errors.ts';
import { createSession, int64s, readFloats } from '../runtime/session.ts';

/** Tokens that stay below it make losses and sampled answers worse; greedy answers hide them. */
const reachable = 0.99;
/** The tokens that data uses most: a product with the whole output projection for each. */
const mostTokens = 1_024;
/** Tokens at a time: their products with the vocabulary are held. */
const tokensAtOnce = 64;
const mostNamed = 5;

interface LabelledExample {
  labels: Int32Array;
  line: number;
}

const known = new WeakMap<Base, Map<number, number>>();

/** Names, as a warning, tokens of the answers that no adapter of linear layers can make probable on this base. */
export async function reachProblems(
  base: Base,
  examples: readonly LabelledExample[],
  file: string,
  threads: number,
): Promise<Problem[]> {
  const uses = new Map<number, { count: number; line: number }>();
  for (const { labels, line } of examples)
    for (const id of labels) {
      if (id === ignoreLabel) continue;
      const use = uses.get(id);
      if (use) use.count++;
      else uses.set(id, { count: 1, line });
    }
  const used = [...uses].sort(([, a], [, b]) => b.count - a.count).slice(0, mostTokens);
  const reach = await tokenReach(
    base,
    used.map(([id]) => id),
    threads,
  );
  const poor = used.filter(([id]) => reach.get(id)! < reachable);
  if (poor.length === 0) return [];
  const { tokenizer } = base.text();
  const named = poor.slice(0, mostNamed).map(([id]) => {
    const text = JSON.stringify(tokenizer.decode([id], { skipSpecialTokens: false }));
    return `${text} (${reach.get(id)!.toFixed(2)})`;
  });
  const more = poor.length > named.length ? ` and ${poor.length - named.length} more` : '';
  const line = Math.min(...poor.map(([, use]) => use.line));
  return [
    {
      code: 'unreachableTokens',
      severity: 'warning',
      where: `${file}:${line}`,
      message:
        `${file}: ${poor.length} of the answers’ tokens cannot become probable on this base, whatever an adapter learns: ` +
        `${named.join(', ')}${more} at most. The base was never trained to write them, so their rows of the output ` +
        'projection are nearly equal. Write the answers without them, or take a base that knows them.',
    },
  ];
}

/** The highest probability that each token can have, at most 1. */
async function tokenReach(
  base: Base,
  tokens: readonly number[],
  threads: number,
): Promise<ReadonlyMap<number, number>> {
  let reach = known.get(base);
  if (!reach) known.set(base, (reach = new Map()));
  const missing = tokens.filter(id => !reach.has(id));
  if (missing.length === 0) return reach;
  const graph = buildReachGraph(base.config, g => externalWeights(g, base.tensors));
  if (!graph) return new Map(tokens.map(id => [id, 1]));
  const session = await createSession(graph, { folder: base.folder, threads });
  try {
    for (let at = 0; at < missing.length; at += tokensAtOnce) {
      const ids = missing.slice(at, at + tokensAtOnce);
      const { reach: most } = await session.run({ tokens: int64s(ids, [ids.length]) });
      readFloats(most!).forEach((p, i) => {
        reach.set(ids[i]!, p);
      });
    }
  } finally {
    await session.dispose();
  }
  return reach;
}
