import './training.css';
import { type ShownRun, type TrainingForm, trainingApi } from '../../src/protocol/views/training.ts';
import { plural } from '../../src/text/numbers.ts';
import { element, replaceContent, setText } from '../components/dom.ts';
import { connectHost, keepScroll } from '../components/host.ts';
import { keepFocus } from '../components/keepFocus.ts';
import { failedView, problemBox } from '../components/problem.ts';
import { registerComponents } from '../components/toolkit.ts';
import { formView } from './form.ts';
import { planView } from './plan.ts';
import { previewView } from './preview.ts';
import { runsView } from './runs.ts';
import { startView } from './start.ts';
import { changeState, isFirst, state } from './state.ts';
import { tabList } from './tabs.ts';

/** Milliseconds that the recipe rests before it is planned. */
const rest = 500;

const view = document.getElementById('view')!;
const problems = element('div', {});
const saved = element('p', { class: 'muted', role: 'status' });
const saving = element(
  'vscode-button',
  { appearance: 'secondary', onclick: () => void attempt(() => host.request('save', undefined)) },
  'Save',
);
const panel = element('div', { id: 'view-panel', role: 'tabpanel' });
const runningCount = element('span', { class: 'tab-count' });
const tabs = tabList(
  { label: 'Training', prefix: 'view', chosen: state.tab },
  [
    { name: 'configure', label: 'Configure' },
    { name: 'runs', label: ['Runs ', runningCount] },
  ],
  chooseTab,
);

let form: TrainingForm;
let planning = new AbortController();
let planTimer: ReturnType<typeof setTimeout> | undefined;
/** The settings and experts that are planned. */
let planned = '';

const host = connectHost(trainingApi, {
  form: showForm,
  runs: ({ runs }) => showRuns(runs),
  progressed: progress => runs.progressed(progress),
});

const plan = planView();
const preview = previewView((expert, rows, signal) => host.request('preview', { expert, rows }, { signal }));
const settings = formView({
  preview: preview.element,
  edit: (path, value) => void attempt(() => host.request('edit', { path, value })),
  scopeChanged: () => renewPreview(),
});
const start = startView({
  changed: () => renewPlan(),
  async start(experts, isElsewhere) {
    const { run } = await host.request('start', { experts, isElsewhere });
    if (run === undefined) return;
    changeState({ run, compared: [] });
    tabs.choose('runs');
    chooseTab('runs');
  },
});
const runs = runsView({
  follow: run => host.request('follow', { run }),
  pause: run => host.request('pause', { run }),
  stop: run => host.request('stop', { run }),
  resume: run => host.request('resume', { run }),
  load: async run => (await host.request('checkpoints', { run })).checkpoints,
  async restore(run, step) {
    const begun = await host.request('restore', { run, step });
    if (begun.run === undefined) return false;
    changeState({ run: begun.run, compared: [run] });
    return true;
  },
  promote: async (run, step, expert, isBest) => (await host.request('promote', { run, step, expert, isBest })).previous,
});
const configure = element(
  'div',
  { class: 'configure' },
  // First for the keyboard too, as it is where the panel is narrow.
  element('div', { class: 'beside' }, start.element, plan.element),
  settings.element,
);

registerComponents();
keepFocus(view);
await load();
keepScroll(state, changeState);

async function load(): Promise<void> {
  try {
    const loaded = await host.request('load', undefined);
    replaceContent(
      view,
      element(
        'header',
        { class: 'view-head' },
        element('h1', {}, 'Training'),
        element('p', { class: 'muted' }, loaded.recipe),
        element('div', { class: 'view-actions' }, saved, saving, openButton()),
      ),
      problems,
      tabs.element,
      panel,
    );
    showForm(loaded.form);
    // Whoever opens the view while something is trained wants to see it.
    const isTraining = isFirst && loaded.runs.some(run => run.state === 'running');
    const tab = isTraining ? 'runs' : state.tab;
    tabs.choose(tab);
    chooseTab(tab);
    showRuns(loaded.runs);
  } catch (error) {
    replaceContent(view, failedView('Training', error));
  }
  view.removeAttribute('aria-busy');
}

function openButton(): HTMLElement {
  const open = () => void attempt(() => host.request('openRecipe', {}));
  return element('vscode-button', { appearance: 'secondary', onclick: open }, 'Open the Recipe');
}

function chooseTab(tab: typeof state.tab): void {
  changeState({ tab });
  panel.setAttribute('aria-labelledby', `view-tab-${tab}`);
  replaceContent(panel, tab === 'configure' ? configure : runs.element);
}

function showForm(next: TrainingForm): void {
  form = next;
  settings.show(form);
  start.show(form);
  setText(saved, form.isSaved ? 'Saved' : 'Unsaved changes');
  saving.hidden = form.isSaved;
  renewPlan();
  renewPreview();
}

function showRuns(shown: readonly ShownRun[]): void {
  const running = shown.filter(({ state: now }) => now === 'running');
  replaceContent(
    runningCount,
    running.length > 0 ? `(${plural(running.length, 'running')})`.replace(/s\)$/, ')') : undefined,
  );
  runs.show(shown);
  start.runs(shown);
}

/** What the settings say, without what is wrong or saved. */
function settingsText(): string {
  return JSON.stringify(form.scopes.map(s => s.sections.map(({ fields }) => fields.map(f => f.value))));
}

function renewPlan(): void {
  const experts = start.experts();
  const wanted = JSON.stringify([experts, form.isValid, settingsText()]);
  if (wanted === planned) return;
  planned = wanted;
  clearTimeout(planTimer);
  planning.abort();
  if (!form.isValid) plan.clear('What is wrong with the recipe has to be put right first.');
  else if (experts.length === 0) plan.clear('No expert is chosen.');
  else {
    plan.wait();
    planTimer = setTimeout(() => void planNow(experts), rest);
  }
}

async function planNow(experts: string[]): Promise<void> {
  planning = new AbortController();
  const { signal } = planning;
  try {
    plan.show(await host.request('plan', { experts }, { signal }));
  } catch (error) {
    if (!signal.aborted) plan.fail(error);
  }
}

let previewed = '';
function renewPreview(): void {
  const expert = form.isValid && form.experts.includes(state.scope ?? '') ? state.scope : undefined;
  const scope = form.scopes.find(s => s.expert === expert);
  // What tokens are made of: base and data, how long an example may be, and what of it is learned.
  const wanted = JSON.stringify([
    expert,
    expert && scope,
    form.scopes[0]?.sections.map(s => s.fields.map(f => f.value)),
  ]);
  if (wanted === previewed) return;
  previewed = wanted;
  preview.show(expert);
}

async function attempt(work: () => Promise<unknown>): Promise<void> {
  try {
    await work();
    replaceContent(problems);
  } catch (error) {
    replaceContent(problems, problemBox(error));
  }
}
