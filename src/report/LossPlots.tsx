import type { Report } from '../protocol/report.ts';
import { count, significant } from '../text/numbers.ts';
import { Figure, Keys } from './Figure.tsx';
import { type LossCurve, type LossCurves, lossCurves } from './lossCurves.ts';
import { Axes, Line, Picture, ValueMark } from './Picture.tsx';
import { linearScale, logScale, type Scale } from './scales.ts';

const size = { width: 320, height: 220 };
const area = { left: 44, right: 308, top: 34, bottom: 176 };

/** The loss of each expert by step, still: a page that runs programs has charts in their place. */
export function LossPlots({ report }: { report: Report }) {
  const losses = lossCurves(report);
  if (losses.curves.length === 0) return undefined;
  const y = lossScale(losses);
  return (
    <Figure title="Loss by step">
      <Keys
        keys={[
          ['line muted', 'training'],
          ['line', 'validation'],
          ['dot', 'best validation'],
        ]}
      />
      <p class="note">{losses.isLogarithmic ? 'Logarithmic' : 'Linear'} axis, the same in all.</p>
      <div class="multiples">
        {losses.curves.map((curve, i) => (
          <LossPlot key={i} curve={curve} y={y} />
        ))}
      </div>
    </Figure>
  );
}

function lossScale({ range, isLogarithmic }: LossCurves): Scale {
  const across = [area.bottom, area.top] as const;
  if (!range) return linearScale([0, 1], across);
  return isLogarithmic ? logScale(range, across) : linearScale([0, range[1]], across);
}

function LossPlot({ curve, y }: { curve: LossCurve; y: Scale }) {
  const { expert, train, validation, last, bestValidation: best } = curve;
  const x = linearScale([0, last], [area.left, area.right], 4);
  const at = ({ step, loss }: { step: number; loss: number }) => [x.at(step), y.at(loss)] as const;
  const described = [
    train.length > 0 &&
      `Training loss from ${significant(train[0]!.loss)} to ${significant(train.at(-1)!.loss)} in ${count(last)} steps.`,
    best && `Best validation loss ${significant(best.loss)} at step ${count(best.step)}.`,
  ];
  return (
    <Picture size={size} title={`Loss of ${expert}`} description={described.filter(Boolean).join(' ')}>
      <text class="title" x={area.left} y={12}>
        {expert}
      </text>
      <Axes area={area} x={x} y={y} xTitle="step" yTitle="loss" />
      <Line points={train.map(at)} kind="muted" />
      <Line points={validation.map(at)} kind="accent" />
      {best && (
        <ValueMark
          at={at(best)}
          text={significant(best.loss)}
          anchor={x.at(best.step) > area.right - 24 ? 'end' : 'middle'}
        />
      )}
    </Picture>
  );
}
