import type { Sweep, SweepPoint } from '../protocol/sweep.ts';
import { significant } from '../text/numbers.ts';
import { Figure, type KeyMark, Keys } from './Figure.tsx';
import { Axes, coordinate, Line, Picture, ValueMark } from './Picture.tsx';
import { linearScale, logScale } from './scales.ts';
import { rankedPoints, sweepSentences } from './sweepFindings.ts';

const size = { width: 560, height: 320 };
const area = { left: 56, right: 476, top: 40, bottom: 270 };

/** Validation loss against the learning rate, a line for each rank; what diverged stands above, without a height. */
export function SweepPlot({ sweep }: { sweep: Sweep }) {
  const good = rankedPoints(sweep);
  const [best] = good;
  if (!best) return undefined;
  const rates = sweep.points.map(p => p.learningRate);
  const x = logScale([Math.min(...rates), Math.max(...rates)], [area.left, area.right]);
  const y = linearScale([best.loss, good.at(-1)!.loss], [area.bottom, area.top]);
  const at = ({ learningRate, loss }: SweepPoint) => [x.at(learningRate), y.at(loss)] as const;
  const ranks = [...new Set(sweep.points.map(p => p.rank))];
  const diverged = sweep.points.filter(p => p.diverged);
  const lines = ranks
    .map(rank => ({
      rank,
      points: good
        .filter(p => p.rank === rank)
        .sort(byRate)
        .map(at),
    }))
    .filter(line => line.points.length > 0);
  const labels = apart(
    lines.map(({ rank, points }) => ({ rank, left: points.at(-1)![0] + 8, top: points.at(-1)![1] })),
  );
  const keys: (readonly [KeyMark, string])[] = [
    ['line', `rank ${best.rank}${ranks.length > 1 ? ', which has the lowest loss' : ''}`],
    ...(ranks.length > 1 ? [['line muted', 'other ranks'] as const] : []),
    ['dot', 'lowest'],
  ];
  return (
    <Figure title="Validation loss by learning rate">
      <Keys keys={keys} />
      <p class="note">
        {`Logarithmic axis of rates. Before training: ${significant(sweep.startLoss)}.${diverged.length > 0 ? ' × ended above that, or without a finite loss.' : ''}`}
      </p>
      <Picture size={size} title="Validation loss by learning rate" description={sweepSentences(sweep).join(' ')}>
        <Axes area={area} x={x} y={y} xTitle="learning rate" yTitle="loss" />
        {lines.map(({ rank, points }) => (
          <Line key={rank} points={points} kind={rank === best.rank ? 'accent' : 'muted'} />
        ))}
        {labels.map(({ rank, left, top }) => (
          <text key={rank} x={coordinate(left)} y={coordinate(top)} dy="0.32em">
            {`rank ${rank}`}
          </text>
        ))}
        {diverged.map(({ learningRate, rank }) => (
          <text
            key={`${learningRate} ${rank}`}
            x={coordinate(x.at(learningRate))}
            y={area.top - 6}
            text-anchor="middle"
          >
            ×
          </text>
        ))}
        <ValueMark at={at(best)} text={significant(best.loss)} />
      </Picture>
    </Figure>
  );
}

const byRate = (a: SweepPoint, b: SweepPoint) => a.learningRate - b.learningRate;

/** Labels where they belong, or as much below as those above need. */
function apart<L extends { top: number }>(labels: L[]): L[] {
  const lineHeight = 14;
  let next = Number.NEGATIVE_INFINITY;
  return labels
    .sort((a, b) => a.top - b.top)
    .map(label => {
      const top = Math.max(label.top, next);
      next = top + lineHeight;
      return { ...label, top };
    });
}
