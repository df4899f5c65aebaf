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
        {ranks.map(rank => (
          <RankLine
            key={rank}
            rank={rank}
            points={good.filter(p => p.rank === rank)}
            at={at}
            isBest={rank === best.rank}
          />
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

function RankLine(props: {
  rank: number;
  points: SweepPoint[];
  at(point: SweepPoint): readonly [number, number];
  isBest: boolean;
}) {
  const points = props.points.sort((a, b) => a.learningRate - b.learningRate).map(props.at);
  const last = points.at(-1);
  if (!last) return undefined;
  return (
    <>
      <Line points={points} kind={props.isBest ? 'accent' : 'muted'} />
      <text x={coordinate(last[0] + 8)} y={coordinate(last[1])} dy="0.32em">
        {`rank ${props.rank}`}
      </text>
    </>
  );
}
