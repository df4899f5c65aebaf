import { type MeanDifference, pairedDifference } from '../evaluation/metrics.ts';
import type { Sweep, SweepPoint } from '../protocol/sweep.ts';
import { count, significant } from '../text/numbers.ts';
import { alignColumns, plainText } from './reportText.ts';

/** The points that learned something, the lowest validation loss first. */
export function rankedPoints({ points }: Sweep): SweepPoint[] {
  return points.filter(p => !p.diverged).sort((a, b) => a.loss - b.loss);
}

/** How much more loss a point leaves than another, over the same validation examples. */
function lossDifference({ validationTokens }: Sweep, from: SweepPoint, to: SweepPoint): MeanDifference {
  return pairedDifference(from.losses, to.losses, validationTokens);
}

/** What to write into the recipe, how far the next point is from it, and where it lies among those that were tried. */
export function sweepSentences(sweep: Sweep): string[] {
  const [best, next] = rankedPoints(sweep);
  if (!best) return ['No point ended below the loss before training: try lower learning rates.'];
  const ranks = new Set(sweep.points.map(p => p.rank));
  const named = ({ learningRate, rank }: SweepPoint) =>
    `"learningRate": ${learningRate}${ranks.size > 1 ? ` and "rank": ${rank}` : ''}`;
  const first = `For ${sweep.expert}, write ${named(best)}: validation loss ${significant(best.loss)} after ${count(sweep.steps)} steps`;
  if (!next) return [`${first}.`, ...edgeSentence(sweep, best)];
  const { difference, low, high } = lossDifference(sweep, best, next);
  const interval = Number.isFinite(low)
    ? ` (95 % interval ${significant(low).replace('-', '−')} to ${significant(high)} over ${count(sweep.validationTokens.length)} examples${low <= 0 ? ', which does not tell them apart' : ''})`
    : '';
  return [
    `${first}; next is ${named(next)} with ${significant(difference)} more${interval}.`,
    ...edgeSentence(sweep, best),
  ];
}

/** A best point at the edge of the rates says little of the rates beyond. */
function edgeSentence({ points }: Sweep, best: SweepPoint): string[] {
  const rates = points.filter(p => p.rank === best.rank).map(p => p.learningRate);
  const isHighest = rates.every(rate => rate <= best.learningRate);
  const isLowest = rates.every(rate => rate >= best.learningRate);
  if (rates.length < 2 || isHighest === isLowest) return [];
  return [
    `It is the ${isHighest ? 'highest' : 'lowest'} rate that was tried: try ${isHighest ? 'higher' : 'lower'} ones too.`,
  ];
}

/** A point's validation loss, or that there is none. */
export function lossText({ loss, diverged }: Pick<SweepPoint, 'loss' | 'diverged'>): string {
  return diverged ? `diverged${Number.isFinite(loss) ? ` (${significant(loss)})` : ''}` : significant(loss);
}

/** A sweep for a terminal: a line for each point, then what follows from them. No final newline. */
export function sweepText(sweep: Sweep): string {
  const rows = sweep.points.map(p => [
    String(p.learningRate),
    String(p.rank),
    lossText(p),
    Number.isFinite(p.tokensPerSecond) ? count(p.tokensPerSecond) : '–',
    `${p.seconds.toFixed(1)} s`,
  ]);
  const head = ['learning rate', 'rank', 'validation loss', 'tokens/s', 'time'];
  return plainText(
    [
      ...alignColumns([head, ...rows]),
      '',
      `Before training: ${significant(sweep.startLoss)}. ${sweepSentences(sweep).join(' ')}`,
    ].join('\n'),
  );
}
