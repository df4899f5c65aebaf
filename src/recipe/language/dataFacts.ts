import type { Example } from '../../data/example.ts';
import type { Dataset } from '../../data/parseDataset.ts';
import type { DataFacts } from './recipeWorld.ts';

/** What the checks of a recipe need to know of a dataset. */
export function dataFacts({ examples, fields, problems }: Dataset): DataFacts {
  return {
    examples: examples.length,
    problems,
    fields,
    hasTests: examples.every(e => 'tests' in e.meta),
    prompts: Float64Array.from(examples, promptHash),
    lines: Uint32Array.from(examples, e => e.line),
  };
}

/** Examples of two datasets that ask the same. */
export interface Overlap {
  /** How many of the held-out examples, and the line of the first of them. */
  count: number;
  line: number;
  /** Where it is trained on. */
  trainLine: number;
}

/** The examples of `heldOut` whose prompts are in `train` too. */
export function overlap(heldOut: DataFacts, train: DataFacts): Overlap | undefined {
  const known = cached(overlaps, heldOut, () => new WeakMap());
  return cached(known, train, () => ({ found: compare(heldOut, train) })).found;
}

/** Whether two datasets were compared before. */
export function isCompared(heldOut: DataFacts, train: DataFacts): boolean {
  return overlaps.get(heldOut)?.has(train) ?? false;
}

// Datasets are compared at every keystroke and seldom change, so results are kept with them.
const overlaps = new WeakMap<DataFacts, WeakMap<DataFacts, { found?: Overlap }>>();
const indices = new WeakMap<DataFacts, Map<number, number>>();

function cached<K extends object, V>(cache: WeakMap<K, V>, key: K, make: () => V): V {
  if (!cache.has(key)) cache.set(key, make());
  return cache.get(key)!;
}

function compare(heldOut: DataFacts, train: DataFacts): Overlap | undefined {
  const lineOf = cached(indices, train, () => linesByPrompt(train));
  let overlap: Overlap | undefined;
  for (let i = 0; i < heldOut.prompts.length; i++) {
    const trainLine = lineOf.get(heldOut.prompts[i]!);
    if (trainLine === undefined) continue;
    if (overlap) overlap.count++;
    else overlap = { count: 1, line: heldOut.lines[i]!, trainLine };
  }
  return overlap;
}

function linesByPrompt({ prompts, lines }: DataFacts): Map<number, number> {
  return new Map(Array.from(prompts, (prompt, i) => [prompt, lines[i]!]));
}

/** All that stands before the answer, or around what fills a gap, or a text that has none, white space and case apart. */
function promptHash({ messages, isText, fill }: Example): number {
  return hash53(
    (isText ? messages : messages.slice(0, -1))
      .map(m => `${m.role}\n${m.content}`)
      .concat(fill ? [fill.suffix] : [])
      .join('\n')
      .toLowerCase()
      .replace(/\s+/g, ' '),
  );
}

/** cyrb53 (public domain): 53 bits, so that two prompts of a million share one by chance once in ten thousand files. */
function hash53(text: string): number {
  let [h1, h2] = [0xdeadbeef, 0x41c6ce57];
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    h1 = Math.imul(h1 ^ unit, 2654435761);
    h2 = Math.imul(h2 ^ unit, 1597334677);
  }
  h1 = Math.imul(h1 ^ (h1 >>> 16), 2246822507) ^ Math.imul(h2 ^ (h2 >>> 13), 3266489909);
  h2 = Math.imul(h2 ^ (h2 >>> 16), 2246822507) ^ Math.imul(h1 ^ (h1 >>> 13), 3266489909);
  return 4294967296 * (2097151 & h2) + (h1 >>> 0);
}
