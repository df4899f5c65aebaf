import type { Report } from '../protocol/report.ts';
import { listing, percent, points } from '../text/numbers.ts';
import { coordinate, HorizontalLines, Line, Picture, ValueMark } from './Picture.tsx';
import { linearScale } from './scales.ts';
import { share } from './scoreGrid.ts';

export type Sequential = NonNullable<Report['forgetting']['sequential']>;

const size = { width: 210, height: 182 };
const area = { left: 30, right: 206, top: 38, bottom: 144 };

/** Accuracy on each set over the stages of the sequential adapter, against the set's own expert as a dashed line. */
export function SequentialPlots({ report, sequential }: { report: Report; sequential: Sequential }) {
  return (
    <div class="multiples small">
      {sequential.order.map((set, i) => (
        <SequentialPlot key={i} report={report} sequential={sequential} set={set} />
      ))}
    </div>
  );
}

function SequentialPlot({ report, sequential, set }: { report: Report; sequential: Sequential; set: string }) {
  const measured = measuredStages(report, sequential, set);
  const expert = report.forgetting.experts.find(each => each.set === set);
  const own = expert && share({ correct: expert.after, total: expert.total });
  const described = `Accuracy: ${listing(measured.map(({ label, accuracy }) => `${percent(accuracy)} after ${label}`))}.`;
  const step = (area.right - area.left) / Math.max(1, measured.length);
  const x = (i: number) => area.left + step * (i + 0.5);
  const y = linearScale([0, 100], [area.bottom, area.top], 2);
  return (
    <Picture
      size={size}
      title={`Sequential adapter on ${set}`}
      description={own === undefined ? described : `${described} Its own expert in the bank: ${percent(own)}.`}
    >
      <text class="title" x={area.left} y={12}>
        {set}
      </text>
      {measured.map(
        ({ isTrained }, i) =>
          isTrained && (
            <rect
              key={i}
              class="band"
              x={coordinate(x(i) - step / 2)}
              width={coordinate(step)}
              y={area.top}
              height={area.bottom - area.top}
            />
          ),
      )}
      <g class="axes">
        <HorizontalLines area={area} y={y} />
        {measured.map(({ label }, i) => (
          <text key={i} x={coordinate(x(i))} y={area.bottom + 16} text-anchor="middle">
            {label}
          </text>
        ))}
        <text x={(area.left + area.right) / 2} y={area.bottom + 32} text-anchor="middle">
          after stage
        </text>
      </g>
      {own !== undefined && (
        <line
          class="dashed"
          x1={area.left}
          x2={area.right}
          y1={coordinate(y.at(100 * own))}
          y2={coordinate(y.at(100 * own))}
        />
      )}
      <Line points={measured.map(({ accuracy }, i) => [x(i), y.at(100 * accuracy)] as const)} kind="accent" />
      {measured.map(({ accuracy }, i) => (
        <ValueMark key={i} at={[x(i), y.at(100 * accuracy)]} text={points(accuracy)} />
      ))}
    </Picture>
  );
}

/** The base first, then the stages after which the set was asked. */
function measuredStages(report: Report, { stages }: Sequential, set: string) {
  const base = report.scores.find(score => score.kind === 'base' && score.set === set);
  return [
    ...(base ? [{ label: 'base', isTrained: false, accuracy: share(base) }] : []),
    ...stages
      .filter(({ total }) => (total[set] ?? 0) > 0)
      .map(({ trainedOn, correct, total }) => ({
        label: trainedOn,
        isTrained: trainedOn === set,
        accuracy: share({ correct: correct[set] ?? 0, total: total[set]! }),
      })),
  ];
}
