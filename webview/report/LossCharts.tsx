import { useLayoutEffect, useMemo, useRef } from 'preact/hooks';
import type { ShownReport } from '../../src/protocol/views/report.ts';
import { type LossCurve, type LossPoint, lossCurves } from '../../src/report/lossCurves.ts';
import { significant } from '../../src/text/numbers.ts';
import { type Chart, createChart } from '../components/chart.ts';
import { joinCurves } from '../components/joinCurves.ts';
import { SavePngButton } from './SavePngButton.tsx';

interface Props {
  reports: readonly ShownReport[];
  shown: ShownReport;
  savePng(name: string, png: string): void;
}

/** The loss of each expert; with the validation losses of the other reports where some are compared. */
export function LossCharts({ reports, shown, savePng }: Props) {
  const charts = useMemo(() => {
    const { curves, isLogarithmic } = lossCurves(shown.report);
    const others = reports
      .filter(other => other !== shown)
      .map(({ label, report }) => ({ label, curves: lossCurves(report).curves }));
    return curves.map(curve => ({
      curve,
      isLogarithmic,
      others: others.flatMap(({ label, curves }) => {
        const same = curves.find(({ expert, validation }) => expert === curve.expert && validation.length > 0);
        return same ? [{ name: `validation, ${label}`, points: same.validation }] : [];
      }),
    }));
  }, [reports, shown]);
  if (charts.length === 0) return undefined;
  return (
    <div class="loss-charts">
      {charts.map((chart, i) => (
        <LossChart key={i} {...chart} savePng={savePng} />
      ))}
    </div>
  );
}

function LossChart(props: {
  curve: LossCurve;
  isLogarithmic: boolean;
  others: readonly { name: string; points: LossPoint[] }[];
  savePng: Props['savePng'];
}) {
  const { curve, isLogarithmic, others, savePng } = props;
  const place = useRef<HTMLDivElement>(null);
  const drawn = useRef<Chart>(null);
  const title = `Loss of ${curve.expert}`;
  useLayoutEffect(() => {
    const chart = createChart({
      title,
      xTitle: 'step',
      yTitle: isLogarithmic ? 'loss (logarithmic)' : 'loss',
      logarithmic: isLogarithmic,
      format: significant,
      lines: [
        { name: 'training', faint: true },
        { name: 'validation', points: true },
        ...others.map(({ name }) => ({ name, points: true, dashed: true })),
      ],
    });
    place.current!.replaceChildren(chart.element);
    chart.setData(joinCurves([curve.train, curve.validation, ...others.map(({ points }) => points)]));
    drawn.current = chart;
    return chart.dispose;
  }, [curve, isLogarithmic, others, title]);
  return (
    <div class="chart-frame">
      <div ref={place} />
      <SavePngButton title={title} onClick={() => savePng(title, drawn.current!.png())} />
    </div>
  );
}
