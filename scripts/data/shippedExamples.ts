import { type Domain, sampleSplit } from './sampleSplit.ts';
import type { GeneratedExample, Split } from './split.ts';

const seed = 20260;
const domains: readonly Domain[] = ['math', 'code', 'qa', 'review'];
const splits: readonly Split[] = ['train', 'validation', 'heldout'];
const counts: Record<Split, number> = { train: 6000, validation: 150, heldout: 300 };
/** The widest domain: its steps see every example once, and what was seen twice would teach less. */
const codeTrain = 20_000;

/** One part of the data in `examples`; always the same. */
export function shippedExamples(domain: Domain, split: Split): GeneratedExample[] {
  const count = domain === 'code' && split === 'train' ? codeTrain : counts[split];
  return sampleSplit(domain, split, count, seed + 10 * domains.indexOf(domain) + splits.indexOf(split));
}
