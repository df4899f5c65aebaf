import { stat } from 'node:fs/promises';
import { promptOf } from '../../data/promptOf.ts';
import { readExamples } from '../../experiment/dataFiles.ts';
import type { Experiment } from '../../experiment/experiment.ts';
import { findData } from '../../experiment/hubDatasets.ts';
import type { Tokenizer } from '../../nn/tokenizer/tokenizer.ts';
import type { RouteResult } from '../../protocol/route.ts';
import type { Weights } from '../../protocol/target.ts';
import { readingOf } from '../../recipe/settings.ts';
import { lowerWords, unseenWords } from '../../router/unseenWords.ts';
import { beyondBase } from './beyondBase.ts';

/** Words of an expert's prompts by their file, with when it was written. */
const known = new Map<string, { stamp: string; words: WordsSeen }>();
const fewestExamples = 200;

interface WordsSeen {
  words: ReadonlySet<string>;
  /** They are of so few examples that nothing follows from what they have not. */
  areFew: boolean;
}

/**
 * A route on the embedded base, which knows what its experts were trained on and nothing else: where a prompt goes to one
 * of them alone and has words that its data have not, the route abstains and names them.
 */
export async function withinExperts(route: RouteResult, prompt: string, e: Experiment): Promise<RouteResult> {
  const [name, ...others] = Object.keys(route.weights);
  if (name === undefined || others.length > 0) return route;
  const seen = await wordsSeen(e, name);
  const unseen = seen && !seen.areFew ? unseenWords(prompt, seen.words) : undefined;
  return unseen ? { ...route, weights: {}, abstained: true, beyond: unseen } : route;
}

/** The words of a prompt that are beyond the embedded base, and beyond those who answer it too: what they learned from has none of them. */
export async function beyondAnswering(
  prompt: string,
  tokenizer: Tokenizer,
  weights: Weights,
  e: Experiment | undefined,
): Promise<string[] | undefined> {
  const seen = e ? await Promise.all(Object.keys(weights).map(name => wordsSeen(e, name))) : [];
  return beyondBase(prompt, tokenizer, new Set(seen.flatMap(found => (found ? [...found.words] : []))));
}

async function wordsSeen(e: Experiment, expert: string): Promise<WordsSeen | undefined> {
  const data = e.recipe.experts[expert]?.data;
  const [file] = data ? findData(e.folder, data.train).files : [];
  if (!data || file === undefined) return undefined;
  const stats = await stat(file).catch(() => undefined);
  if (!stats) return undefined;
  const stamp = JSON.stringify([stats.mtimeMs, stats.size, data]);
  const kept = known.get(file);
  if (kept?.stamp === stamp) return kept.words;
  const examples = await readExamples(e.folder, data.train, readingOf(data));
  const words = { words: lowerWords(examples.map(promptOf)), areFew: examples.length < fewestExamples };
  known.set(file, { stamp, words });
  return words;
}
