import type { FoundWeights } from '../protocol/engine/weighing.ts';
import { scorerLabels } from '../protocol/scorer.ts';
import type { Weights } from '../protocol/target.ts';
import { count, duration, percent, plural, signedPoints, significant, weightList } from '../text/numbers.ts';

type Control = FoundWeights['controls'][number];

/** What weights were found, how they do on examples that they were found without, and whether they are worth it. */
export function foundWeightsLines(found: FoundWeights): string[] {
  const { by, examples, of, source, parts, controls, seconds } = found;
  const how = by === 'loss' ? 'by the loss of their answers' : `by scored answers (${scorerLabels[by]})`;
  const some = of > examples ? `${count(examples)} of ${count(of)} examples` : plural(examples, 'example');
  return [
    usedWeights(found) ? weightList(found.weights) : 'the base alone',
    `Found ${how}, from ${some} of ${source}, in ${duration(seconds)}.`,
    `Judged in ${parts.length} parts, each with weights found without it: ${figureText(found, found.figure)}.`,
    ...controls.map(control => `  ${controlText(found, control)}`),
    ...rangeLines(found),
    advice(found),
  ];
}

/** The experts that have weight, as a blend; undefined where none helps. */
export function usedWeights({ weights }: FoundWeights): Weights | undefined {
  const used = Object.entries(weights).filter(([, weight]) => weight !== 0);
  return used.length > 0 ? Object.fromEntries(used) : undefined;
}

/** One sentence: whether to use the weights. */
export function advice(found: FoundWeights): string {
  const worse = found.controls.filter(control => isBetter(found, control, -1));
  const [noise] = found.controls.filter(control => !isBetter(found, control, 1));
  if (worse.length > 0) return `Use ${nameOf(worse[0]!)}: the weights do worse, beyond noise.`;
  if (!usedWeights(found)) return 'Use the base alone: no expert helps on these examples.';
  if (!noise) return 'Use the weights: they are better than all of these, beyond noise.';
  return `These examples do not tell whether the weights are better than ${nameOf(noise)}: use the simpler of the two, or give more examples.`;
}

function controlText(found: FoundWeights, control: Control): string {
  const { difference, low, high } = control;
  const text = found.by === 'loss' ? signedLoss : signedPoints;
  const noise = isBetter(found, control, 1) || isBetter(found, control, -1) ? 'beyond noise' : 'within noise';
  return `Compared with ${nameOf(control)} (${figureText(found, control.figure)}): ${text(difference)} (${text(low)} to ${text(high)}), ${noise}`;
}

/** Whether the interval says that the weights do better than a control (1), or worse (−1). */
function isBetter({ by }: FoundWeights, { low, high }: Control, sign: 1 | -1): boolean {
  return (by === 'loss' ? -sign : sign) > 0 ? low > 0 : high < 0;
}

function nameOf({ kind, expert }: Control): string {
  if (kind === 'equal') return 'equal weights';
  return kind === 'base' ? 'the base alone' : `the best expert, ${expert}`;
}

function figureText({ by }: FoundWeights, figure: number): string {
  return by === 'loss' ? `loss ${significant(figure)} per token` : `${percent(figure)} right`;
}

function signedLoss(difference: number): string {
  const text = significant(Math.abs(difference));
  return difference === 0 ? '0' : `${difference > 0 ? '+' : '−'}${text}`;
}

/** Experts whose weight hangs on which examples there were. */
function rangeLines({ parts, weights }: FoundWeights): string[] {
  const ranges = Object.keys(weights).map(name => {
    const own = parts.map(part => part[name]!);
    return `${name} ${Math.min(...own).toFixed(2)} to ${Math.max(...own).toFixed(2)}`;
  });
  return [`Weights of the parts: ${ranges.join(', ')}.`];
}
