import type { EvaluateOutput } from '../../src/protocol/notebookOutput.ts';
import { interval, points } from '../../src/text/numbers.ts';
import { element } from '../components/dom.ts';
import { accuracyPlot, type Row } from './accuracyPlot.ts';
import { progressBar, stateMark } from './status.ts';

/** Every system on every set: as numbers with colour, and as a drawing with the intervals. */
export function evaluateView({ state, progress, sets, rows, path }: EvaluateOutput): Node[] {
  if (rows.length === 0) return [...runningView(state, progress)];
  return [
    element(
      'p',
      { class: 'lora-head' },
      stateMark('done'),
      element('strong', {}, 'Accuracy'),
      element('span', { class: 'lora-muted' }, 'per cent right on held-out questions, with the 95 % interval'),
    ),
    element('div', { class: 'lora-scroll' }, matrix(sets, rows)),
    accuracyPlot(sets, rows),
    ...(path ? [element('p', { class: 'lora-muted' }, `Report: ${path}`)] : []),
  ];
}

function runningView(state: EvaluateOutput['state'], progress: EvaluateOutput['progress']): Node[] {
  const { message = 'waiting for the engine', done = 0, total = 0 } = progress ?? {};
  const isRunning = state === 'running';
  const facts = isRunning ? (total > 0 ? `${message} ${done} of ${total}` : message) : '';
  return [
    element(
      'p',
      { class: 'lora-head' },
      stateMark(state),
      element('strong', {}, isRunning ? 'Evaluating' : `Evaluation ${state}`),
      element('span', { class: 'lora-muted' }, facts),
    ),
    ...(isRunning ? [progressBar('Evaluating', done, total)] : []),
  ];
}

function matrix(sets: EvaluateOutput['sets'], rows: readonly Row[]): HTMLElement {
  const heads = sets.map(({ name, examples }) =>
    element('th', { scope: 'col' }, name, element('small', {}, `${examples} questions`)),
  );
  return element(
    'table',
    { class: 'lora-matrix' },
    element('thead', {}, element('tr', {}, element('td'), heads)),
    element(
      'tbody',
      {},
      rows.map(row =>
        element(
          'tr',
          {},
          systemHead(row),
          row.cells.map((cell, i) => scoreCell(cell, row, sets[i])),
        ),
      ),
    ),
  );
}

function systemHead({ system, kind }: Row): HTMLElement {
  return element('th', { scope: 'row' }, system, system !== kind && element('small', {}, kind));
}

function scoreCell(cell: Row['cells'][number], row: Row, set: EvaluateOutput['sets'][number] | undefined): HTMLElement {
  if (!cell) return element('td', { class: 'lora-muted' }, '–');
  const accuracy = cell.total === 0 ? 0 : cell.correct / cell.total;
  const isOwn = row.kind === 'expert' && row.system === set?.expert;
  const drawn = element('td', { class: isOwn && 'lora-own' }, points(accuracy), element('small', {}, interval(cell)));
  drawn.style.setProperty('--share', String(accuracy));
  return drawn;
}
