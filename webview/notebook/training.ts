import { stateWords, type TrainOutput } from '../../src/protocol/notebookOutput.ts';
import { keptText } from '../../src/recipe/notebook/keptText.ts';
import { count, duration, listing, significant } from '../../src/text/numbers.ts';
import { type Chart, type ChartData, createChart } from '../components/chart.ts';
import { element, replaceContent } from '../components/dom.ts';
import { joinCurves } from '../components/joinCurves.ts';
import { progressBar, stateMark } from './status.ts';

type Curve = TrainOutput['curves'][number];

interface TrainingDrawing {
  update(output: TrainOutput): void;
  dispose(): void;
}

/** How far a training is, and its losses as they come: the chart is kept from one update to the next. */
export function trainingDrawing(root: HTMLElement): TrainingDrawing {
  const head = element('div');
  root.append(head);
  let chart: Chart | undefined;
  let drawn = '';

  /** A chart has its lines from the beginning, so another one is made when there are others. */
  function chartOf(curves: readonly Curve[]): Chart {
    const names = linesOf(curves);
    if (chart && drawn === names.join()) return chart;
    chart?.dispose();
    chart?.element.remove();
    drawn = names.join();
    chart = createChart({
      title: 'Loss',
      xTitle: 'step',
      yTitle: 'loss',
      lines: curves.flatMap(({ expert, validation }, colour) => [
        { name: expert, colour },
        ...(validation.length > 0 ? [{ name: `${expert}, validation`, colour, dashed: true, points: true }] : []),
      ]),
      format: significant,
      height: 200,
    });
    root.append(chart.element);
    return chart;
  }

  return {
    update(output) {
      replaceContent(head, headOf(output));
      if (output.curves.length > 0) chartOf(output.curves).setData(dataOf(output.curves));
    },
    dispose: () => chart?.dispose(),
  };
}

function headOf({
  state,
  experts,
  on,
  step,
  steps,
  tokensPerSecond,
  secondsLeft,
  message,
  kept = [],
}: TrainOutput): Node[] {
  const facts = [
    ...(steps > 0 ? [`step ${count(step)} of ${count(steps)}`] : message ? [message] : []),
    ...(tokensPerSecond ? [`${count(tokensPerSecond)} tokens/s`] : []),
    ...(secondsLeft === undefined ? [] : [`${duration(secondsLeft)} left`]),
    ...(['paused', 'stopped', 'interrupted'].includes(state) ? ['run the cell to go on'] : []),
  ];
  return [
    element(
      'p',
      { class: 'lora-head' },
      stateMark(state),
      element('strong', {}, `${stateWords[state]} ${listing(experts) || 'all experts'}${on ? ` on ${on}` : ''}`),
      element('span', { class: 'lora-muted' }, facts.join(' · ')),
    ),
    ...keptText(kept).map(line => element('p', { class: 'lora-muted' }, line)),
    ...(state === 'running' ? [progressBar('Training', step, steps)] : []),
  ];
}

function linesOf(curves: readonly Curve[]): string[] {
  return curves.map(({ expert, validation }) => `${expert} ${validation.length > 0}`);
}

function dataOf(curves: readonly Curve[]): ChartData {
  return joinCurves(curves.flatMap(({ train, validation }) => [train, ...(validation.length > 0 ? [validation] : [])]));
}
