import type { RunProgressed, ShownRun } from '../../src/protocol/views/training.ts';
import { bytes, count, duration } from '../../src/text/numbers.ts';
import { element, replaceContent, setText } from '../components/dom.ts';
import { stateIcon } from '../components/icons.ts';
import { problemBox } from '../components/problem.ts';
import { type CheckpointOptions, checkpointsView } from './checkpoints.ts';
import { addProgress, type KnownCurves } from './curves.ts';
import { type DrawnRun, runCharts } from './runCharts.ts';
import { expertsText, labelOf, sentenceOf, stateText, timeText } from './runText.ts';
import { changeState, state } from './state.ts';

export interface RunsOptions extends CheckpointOptions {
  follow(run: string): Promise<RunProgressed>;
  pause(run: string): Promise<unknown>;
  stop(run: string): Promise<unknown>;
  resume(run: string): Promise<unknown>;
}

export interface RunsView {
  element: HTMLElement;
  show(runs: readonly ShownRun[]): void;
  progressed(progress: RunProgressed): void;
}

/** The trainings of the recipe: a list, and the one that is chosen with its curves, its controls and its checkpoints. */
export function runsView(options: RunsOptions): RunsView {
  const list = element('ul', { class: 'run-list', 'aria-label': 'Runs' });
  const title = element('h2', {});
  const sentence = element('p', { class: 'muted', role: 'status' });
  const controls = element('div', { class: 'row' });
  const head = element('div', { class: 'run-head' }, title, sentence, controls);
  const figures = element('dl', { class: 'facts run-facts' });
  const bar = element('progress', { 'aria-label': 'Progress of the run' });
  const problem = element('div', {});
  const charts = runCharts();
  const checkpoints = checkpointsView(options);
  const detail = element(
    'article',
    { class: 'run', 'aria-label': 'Run' },
    head,
    bar,
    problem,
    figures,
    charts.element,
    checkpoints.element,
  );
  const empty = element(
    'div',
    { class: 'empty' },
    element('h1', {}, 'No runs yet'),
    element(
      'p',
      {},
      'Set up a training under Configure and start it there. It shows here while it learns, and stays for comparison.',
    ),
  );
  const both = element('div', { class: 'runs' }, list, detail);
  const page = element('div', {}, empty, both);

  let runs: readonly ShownRun[] = [];
  const known = new Map<string, KnownCurves>();
  const followed = new Set<string>();
  /** The run and the checkpoint whose list is shown. */
  let listed = '';
  let shownHead = '';
  let shownList = '';

  const chosen = () => runs.find(({ id }) => id === state.run) ?? runs[0];

  function show(next: readonly ShownRun[]): void {
    runs = next;
    empty.hidden = runs.length > 0;
    both.hidden = runs.length === 0;
    const run = chosen();
    if (!run) return;
    drawList(run);
    drawRun(run);
    for (const id of [run.id, ...state.compared]) void follow(id);
  }

  async function follow(id: string): Promise<void> {
    if (followed.has(id) || !runs.some(run => run.id === id)) return;
    followed.add(id);
    try {
      progressed(await options.follow(id));
    } catch (error) {
      followed.delete(id);
      replaceContent(problem, problemBox(error));
    }
  }

  function progressed(progress: RunProgressed): void {
    known.set(progress.run, addProgress(known.get(progress.run), progress));
    const run = chosen();
    if (run && [run.id, ...state.compared].includes(progress.run)) drawRun(run);
  }

  function drawList(run: ShownRun): void {
    const said = JSON.stringify([runs.map(r => [r.id, r.state, stateText(r)]), run.id, state.compared]);
    if (said === shownList) return;
    shownList = said;
    replaceContent(
      list,
      runs.map(each => listItem(each, each.id === run.id)),
    );
  }

  function listItem(run: ShownRun, isChosen: boolean): HTMLElement {
    const isCompared = state.compared.includes(run.id);
    return element(
      'li',
      { class: isChosen ? 'chosen' : '' },
      element(
        'button',
        {
          type: 'button',
          id: `run-${run.id}`,
          class: 'run-choice',
          'aria-current': isChosen ? 'true' : undefined,
          onclick: () => choose(run.id),
        },
        stateIcon(run.state),
        element(
          'span',
          { class: 'run-what' },
          element('span', { class: 'run-experts' }, expertsText(run)),
          element('span', { class: 'muted' }, `${timeText(run.startedAt)} · ${stateText(run)}`),
        ),
      ),
      runs.length > 1 &&
        element(
          'label',
          { class: 'compare', title: 'Draw its curves beside those of the chosen run' },
          element('input', {
            type: 'checkbox',
            id: `compare-${run.id}`,
            checked: isChosen || isCompared,
            disabled: isChosen,
            'aria-label': `Compare with the run of ${expertsText(run)} of ${timeText(run.startedAt)}`,
            onchange: () => compare(run.id, !isCompared),
          }),
        ),
    );
  }

  function choose(id: string): void {
    changeState({ run: id, compared: state.compared.filter(other => other !== id) });
    replaceContent(problem);
    show(runs);
  }

  function compare(id: string, isWanted: boolean): void {
    const others = state.compared.filter(other => other !== id);
    changeState({ compared: isWanted ? [...others, id] : others });
    show(runs);
  }

  function drawRun(run: ShownRun): void {
    drawHead(run);
    const curves = known.get(run.id);
    const { done = 0, total = 0 } = run.progress ?? {};
    bar.hidden = run.state !== 'running';
    if (total > 0) Object.assign(bar, { max: total, value: done });
    else bar.removeAttribute('value');
    drawFigures(run, curves);
    const others = state.compared.flatMap(id => runs.find(other => other.id === id && id !== run.id) ?? []);
    const drawn = [run, ...others].flatMap((each): DrawnRun[] => {
      const own = known.get(each.id);
      return own ? [{ label: labelOf(each, run), curves: own }] : [];
    });
    charts.show(drawn[0] && known.has(run.id) ? drawn : []);
    const isRunning = run.state === 'running';
    const now = `${run.id} ${isRunning} ${curves?.checkpoint}`;
    if (now !== listed) void checkpoints.show(run.id, isRunning);
    listed = now;
  }

  function drawHead(run: ShownRun): void {
    const said = JSON.stringify([run.id, run.state, run.message, stateText(run), run.canResume]);
    if (said === shownHead) return;
    shownHead = said;
    const control = (label: string, isPrimary: boolean, work: (id: string) => Promise<unknown>) =>
      element(
        'vscode-button',
        { appearance: isPrimary ? 'primary' : 'secondary', onclick: () => void act(() => work(run.id)) },
        label,
      );
    const isRunning = run.state === 'running';
    replaceContent(title, stateIcon(run.state), expertsText(run));
    setText(sentence, sentenceOf(run));
    replaceContent(
      controls,
      isRunning && control('Pause', true, options.pause),
      isRunning && control('Stop', false, options.stop),
      run.canResume && control('Resume', true, options.resume),
    );
    replaceContent(problem, run.state === 'failed' && problemBox(new Error(run.message ?? 'It failed.')));
  }

  async function act(work: () => Promise<unknown>): Promise<void> {
    replaceContent(problem);
    try {
      await work();
    } catch (error) {
      replaceContent(problem, problemBox(error));
    }
  }

  function drawFigures(run: ShownRun, curves: KnownCurves | undefined): void {
    const last = curves?.last;
    const isRunning = run.state === 'running';
    const fact = (name: string, value: string) => element('div', {}, element('dt', {}, name), element('dd', {}, value));
    const { message, done = 0, total = 0 } = run.progress ?? {};
    const isTraining = message === undefined || message === 'training';
    replaceContent(
      figures,
      isRunning && !isTraining && fact('Doing', total > 0 ? `${message} ${done}/${total}` : message),
      isRunning && !last && isTraining && fact('Doing', 'preparing'),
      last && fact('Step', `${count(last.step)} of ${count(last.steps)}`),
      last && fact('Speed', `${count(last.tokensPerSecond)} tokens/s`),
      last && isRunning && fact('Left', duration(last.secondsLeft)),
      last && fact('Memory', bytes(last.residentBytes)),
      curves?.checkpoint !== undefined && fact('Checkpoint', `step ${count(curves.checkpoint)}`),
    );
  }

  return { element: page, show, progressed };
}
