import { Random } from '../../src/nn/tensor/random.ts';
import { WorkbenchError } from '../../src/protocol/errors.ts';
import { codeExample } from './code.ts';
import { commitExample } from './commits.ts';
import { mathExample } from './math.ts';
import { qaExample } from './qa.ts';
import { reviewExample } from './review.ts';
import { type GeneratedExample, isTrainable, type Split, splitOf } from './split.ts';
import { twoSkillExample } from './twoSkills.ts';

export type Domain = 'math' | 'code' | 'qa' | 'review' | 'two' | 'commits';

export const GENERATORS: Record<Domain, (random: Random) => GeneratedExample> = {
  math: mathExample,
  code: codeExample,
  qa: qaExample,
  review: reviewExample,
  two: twoSkillExample,
  commits: commitExample,
};

/**
 * `count` examples of one part of a domain. No two have the same question text; in validation and held-out data no
 * two have the same key either.
 * @throws badRequest when the part does not hold so many questions.
 */
export function sampleSplit(domain: Domain, split: Split, count: number, seed: number): GeneratedExample[] {
  const random = new Random(seed);
  const seen = new Set<string>();
  const examples: GeneratedExample[] = [];
  for (let misses = 0; examples.length < count; ) {
    const example = GENERATORS[domain](random);
    const identity = split === 'train' ? example.messages[0].content : example.key;
    const fits = split === 'train' ? isTrainable(example) : splitOf(example.key) === split;
    if (fits && !seen.has(identity)) {
      seen.add(identity);
      examples.push(example);
      misses = 0;
    } else if (++misses > 20_000) {
      throw new WorkbenchError(
        'badRequest',
        `The ${split} part of ${domain} has only ${examples.length} questions, ${count} were asked for.`,
        'Ask for fewer questions.',
      );
    }
  }
  return examples;
}

const seed = 20260;
const domains: readonly Domain[] = ['math', 'code', 'qa', 'review', 'two', 'commits'];
const splits: readonly Split[] = ['train', 'validation', 'heldout'];
const counts: Record<Split, number> = { train: 6000, validation: 150, heldout: 300 };
/** Of the domains whose steps see every example about once: what was seen twice would teach less. */
const trainCounts: Partial<Record<Domain, number>> = { code: 10_000, qa: 15_000, commits: 400 };
/** Held-out questions that no expert learned alone: their answers are long, and `npm start` asks everyone. */
const heldOutCounts: Partial<Record<Domain, number>> = { two: 100, commits: 50 };

/** The example that is trained in a minute has few of everything. */
const validationCounts: Partial<Record<Domain, number>> = { commits: 12 };

/** One part of the data in `examples`; always the same. */
export function shippedExamples(domain: Domain, split: Split): GeneratedExample[] {
  const own = { train: trainCounts, heldout: heldOutCounts, validation: validationCounts }[split];
  const count = own?.[domain] ?? counts[split];
  return sampleSplit(domain, split, count, seed + 10 * domains.indexOf(domain) + splits.indexOf(split));
}
