import type { DescribeResult } from '../../protocol/engine/experts.ts';
import type { Target } from '../../protocol/target.ts';
import { isDemonstration } from '../../text/demonstration.ts';
import { listing } from '../../text/numbers.ts';

/** Who reviews, and how. */
export interface Reviewer {
  target: Target;
  name: string;
  /**
   * `asked`: an expert that was trained on reviews says what is wrong with a line. `weighs`: a base says whether a line is
   * less probable than one that it may have been meant to be.
   */
  way: 'asked' | 'weighs';
  /** The base that weighs, where it is not that of the recipe. */
  base?: string;
  /** Languages that it knows, as `languageName` calls them; all of them without it. */
  languages?: string[];
}

/** A base whose findings were measured (scripts/review/measureReview.ts), and what is downloaded where there is none. */
export const reviewingBase = {
  name: 'Qwen2.5-Coder',
  download: 'Qwen/Qwen2.5-Coder-0.5B-Instruct-GGUF:Q4_K_M',
  pattern: /qwen2\.?5-coder/i,
  languages: ['JavaScript', 'TypeScript'],
};

/**
 * The expert that was trained on reviews, or the recipe's `review` blend where it is in it; else a base that can review:
 * the recipe's, or `chosen`, that of the settings, which answers where there is no recipe.
 */
export function reviewerFor({ base, blends, experts }: DescribeResult, chosen = ''): Reviewer | undefined {
  // Where its data are not here, its domain has to do.
  const expert = experts.find(
    e => e.isTrained && (e.skills ? e.skills.tasks.includes('review') : e.domain === 'review' || e.name === 'review'),
  );
  if (expert) {
    const blend = blends.find(b => b.name === 'review' && b.isTrained && (b.weights[expert.name] ?? 0) > 0);
    const target: Target = blend ? { kind: 'blend', name: blend.name } : { kind: 'expert', name: expert.name };
    const { languages = [] } = expert.skills ?? {};
    return { target, name: target.name, way: 'asked', ...(languages.length > 0 && { languages }) };
  }
  const { name, pattern, languages } = reviewingBase;
  const reviewer: Reviewer = { target: { kind: 'base' }, name, way: 'weighs', languages };
  if (pattern.test(base.name)) return reviewer;
  return pattern.test(chosen) ? { ...reviewer, base: chosen } : undefined;
}

/** Why nobody reviews here, and who can. */
export function nobodyReviews({ base }: Pick<DescribeResult, 'base'>): string {
  const why = isDemonstration(base)
    ? 'No expert here was trained on reviews, and the demonstration base cannot review.'
    : `No expert here was trained on reviews, and whether what ${base.name} finds is right was not measured.`;
  return `${why} ${reviewingBase.name} can review ${listing(reviewingBase.languages)}.`;
}

/** Why a file is not reviewed; undefined where it is. */
export function languageProblem({ languages, way, name }: Reviewer, language: string): string | undefined {
  if (!languages || languages.includes(language)) return undefined;
  const known = listing(languages);
  const file = language || 'a file of no known language';
  return way === 'asked' ? `${name} was trained on ${known}, not on ${file}` : `${name} reviews ${known}, not ${file}`;
}
