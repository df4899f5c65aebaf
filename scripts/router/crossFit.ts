import { calibrationOf } from '../../src/evaluation/metrics.ts';
import { fitTemperature } from '../../src/router/calibration.ts';
import { logits } from '../../src/router/softmaxRegression.ts';
import { domains } from './examples.ts';
import type { FitSettings, Hashed } from './fitPrior.ts';
import { fitSettings, fitWeights } from './fitPrior.ts';

/** A prompt judged by weights that never saw its source. */
export interface LeftOut {
  source: string;
  target: number[];
  logits: number[];
}

const foldCount = 6;
const perSource = 300;

/**
 * Judges every source by weights trained without it. A prompt of another kind than any trained on is what the router
 * meets in use; the rest of a known source would look far easier than that.
 */
export function crossFit(examples: Hashed[], seed: number, settings: FitSettings = fitSettings): LeftOut[] {
  const folds = foldsOf(examples);
  return Array.from({ length: foldCount }, (_, fold) => {
    const isOut = (example: Hashed, i: number) => (folds.get(family(example.source)) ?? i % foldCount) === fold;
    const kept = examples.filter((example, i) => !isOut(example, i));
    const weights = fitWeights(kept, [seed], settings);
    const taken = new Map<string, number>();
    return examples
      .filter(isOut)
      .filter(({ source }) => {
        taken.set(source, (taken.get(source) ?? 0) + 1);
        return !source.endsWith('/unknownWords') && taken.get(source)! <= perSource;
      })
      .map(({ source, target, features }) => ({ source, target, logits: logits(weights, features, domains.length) }));
  }).flat();
}

/** The temperature that fits sources never seen, blends included: sharpening what is sure would turn these into singles. */
export function leftOutTemperature(judged: LeftOut[]): number {
  return fitTemperature(judged);
}

/**
 * The lowest threshold from a half on under which at most this share of an expert's prompts is left to the base: an
 * expert that answers small talk does little harm and a base that answers an expert's question does much.
 */
export function leftOutThreshold(judged: LeftOut[], temperature: number, abstained: number): number {
  const none = domains.indexOf('none');
  const shares = judged
    .filter(({ target }) => target[none] === 0)
    .map(answer => probabilitiesOf(answer, temperature)[none]!)
    .sort((a, b) => b - a);
  return Math.min(0.9, Math.max(0.5, shares[Math.floor(shares.length * abstained)]!));
}

/** Lines of figures, one per source and one per class. */
export function leftOutFigures(judged: LeftOut[], temperature: number, threshold: number): string[] {
  const groups = new Map<string, LeftOut[]>();
  const put = (key: string, answer: LeftOut) => groups.set(key, [...(groups.get(key) ?? []), answer]);
  for (const answer of judged) {
    put(`${nameOf(answer.target)} ${answer.source}`, answer);
    if (answer.target.includes(1)) put(`${nameOf(answer.target)}, all`, answer);
  }
  const none = domains.indexOf('none');
  return [...groups].sort().map(([title, group]) => {
    const answers = group.map(answer => {
      const shares = probabilitiesOf(answer, temperature);
      const best = shares.indexOf(Math.max(...shares));
      return { correct: answer.target[best]! > 0.4, confidence: shares[best]!, abstained: shares[none]! >= threshold };
    });
    const percent = (count: number) => `${((100 * count) / group.length).toFixed(1)} %`;
    const right = percent(answers.filter(answer => answer.correct).length);
    const abstained = percent(answers.filter(answer => answer.abstained).length);
    return `${title}: ${group.length}, top-1 ${right}, abstained ${abstained}, calibration error ${calibrationOf(answers, 10).error.toFixed(3)}`;
  });
}

function probabilitiesOf({ logits: values }: LeftOut, temperature: number): number[] {
  const powers = values.map(value => Math.exp((value - Math.max(...values)) / temperature));
  const total = powers.reduce((sum, power) => sum + power, 0);
  return powers.map(power => power / total);
}

/**
 * Sources of one class go to different folds, so that no fold leaves a class without any. Those of blends are in none:
 * how a blend is shared is a convention that nothing else could teach, so single prompts of them are left out.
 */
function foldsOf(examples: Hashed[]): Map<string, number> {
  const families = new Map<string, Set<string>>();
  for (const { source, target } of examples) {
    const name = nameOf(target);
    if (name === 'mixed') continue;
    families.set(name, (families.get(name) ?? new Set()).add(family(source)));
  }
  return new Map(
    [...families.values()].flatMap(set => [...set].sort().map((name, i) => [name, i % foldCount] as const)),
  );
}

function family(source: string): string {
  return source.replace(/\/unknownWords$/, '');
}

function nameOf(target: number[]): string {
  return domains[target.indexOf(1)] ?? 'mixed';
}
