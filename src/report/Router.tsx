import type { ReportRouter } from '../protocol/report.ts';
import { count, milliseconds, percent, significant } from '../text/numbers.ts';
import { DataTable, numeric } from './DataTable.tsx';
import { Figure, Numbers } from './Figure.tsx';
import { HeatTable } from './HeatTable.tsx';
import { Axes, coordinate, Picture } from './Picture.tsx';
import { linearScale } from './scales.ts';

const senders: Record<ReportRouter['kind'], string> = {
  learned: 'The learned router sends',
  keywords: 'The keywords router sends',
  tokens: 'The gates of tokens, with the mean over the tokens of a prompt, send',
  arrow: 'Arrow, with the mean over layers and the tokens of a prompt, sends',
};

/** Where prompts went, and whether the router's confidence can be believed. */
export function Router({ router }: { router: ReportRouter }) {
  const { kind, accuracy, msPerPrompt, calibrationError } = router;
  return (
    <>
      <p class="lead">
        {`${senders[kind]} ${percent(accuracy)} of the held-out prompts where they belong, in ${milliseconds(msPerPrompt)} each. Its expected calibration error is ${significant(calibrationError)}.`}
      </p>
      <div class="columns">
        <div>
          <Figure
            title="Confusion"
            below={
              <p class="note">
                Rows: what the prompt is. Columns: where it went. Counts, shaded by their share of the row.
              </p>
            }
          >
            <ConfusionTable router={router} />
          </Figure>
        </div>
        <div>
          <Figure
            title="Calibration"
            below={
              <>
                <p class="note">
                  A dot on the diagonal is as often right as it is confident; its area is the number of prompts.
                </p>
                <Numbers>
                  <BinTable router={router} />
                </Numbers>
              </>
            }
          >
            <ReliabilityDiagram router={router} />
          </Figure>
        </div>
      </div>
    </>
  );
}

/** Rows with prompts alone. */
function ConfusionTable({ router: { labels, confusion } }: { router: ReportRouter }) {
  const rows = labels
    .map((label, i) => {
      const counts = labels.map((_, j) => confusion[i]?.[j] ?? 0);
      return { label, counts, i, total: counts.reduce((sum, value) => sum + value, 0) };
    })
    .filter(({ total }) => total > 0);
  return (
    <HeatTable
      caption="Confusion matrix of the router, counts: true label by predicted label"
      columns={[...labels, 'right'].map(text => ({ text }))}
      rows={rows.map(({ label, counts, i, total }) => ({
        // The last label has no expert: such prompts belong to none and should be left to the base.
        head: { text: label === 'abstained' ? 'no expert' : label },
        cells: [
          ...counts.map((value, j) => ({ text: count(value), share: value / total, isOwn: i === j })),
          { text: percent(counts[i]! / total) },
        ],
      }))}
    />
  );
}

const size = { width: 340, height: 264 };
const area = { left: 52, right: 326, top: 26, bottom: 222 };

function ReliabilityDiagram({ router: { bins, calibrationError } }: { router: ReportRouter }) {
  const x = linearScale([0, 100], [area.left, area.right]);
  const y = linearScale([0, 100], [area.bottom, area.top]);
  const filled = bins.filter(bin => bin.count > 0);
  const most = filled.reduce((largest, bin) => Math.max(largest, bin.count), 1);
  return (
    <Picture
      size={size}
      title="Reliability diagram of the router"
      description={`Share of right routes against confidence in ${filled.length} bins; expected calibration error ${significant(calibrationError)}. The numbers are in the table below.`}
    >
      <Axes area={area} x={x} y={y} xTitle="confidence %" yTitle="right %" />
      <line class="dashed" x1={area.left} y1={area.bottom} x2={area.right} y2={area.top} />
      {filled.map(({ confidence, accuracy, count: prompts }, i) => {
        const [cx, cy] = [coordinate(x.at(100 * confidence)), coordinate(y.at(100 * accuracy))];
        return (
          <g key={i}>
            <line class="gap" x1={cx} x2={cx} y1={coordinate(y.at(100 * confidence))} y2={cy} />
            <circle
              class="dot see-through"
              cx={cx}
              cy={cy}
              r={coordinate(Math.max(2.5, 11 * Math.sqrt(prompts / most)))}
            />
          </g>
        );
      })}
      <text class="title" x={area.right - 4} y={area.bottom - 10} text-anchor="end">
        ECE {significant(calibrationError)}
      </text>
    </Picture>
  );
}

function BinTable({ router }: { router: ReportRouter }) {
  return (
    <DataTable
      caption="Prompts by confidence"
      columns={numeric('confidence', 'right', 'prompts')}
      rows={router.bins
        .filter(bin => bin.count > 0)
        .map(bin => [percent(bin.confidence), percent(bin.accuracy), count(bin.count)])}
    />
  );
}
