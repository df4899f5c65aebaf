import './report.css';
import { reportApi, type ShownReport } from '../../src/protocol/views/report.ts';
import type { Chart } from '../components/chart.ts';
import { registerComponents } from '../components/components.ts';
import { element, replaceContent } from '../components/dom.ts';
import { keepScroll } from '../components/keepScroll.ts';
import { connectHost } from '../components/messenger.ts';
import { problemBox } from '../components/problem.ts';
import { onThemeChange } from '../components/theme.ts';
import { accuracySection } from './accuracy.ts';
import { comparisonSection } from './comparison.ts';
import { examplesSection } from './examples.ts';
import { footer } from './footer.ts';
import { forgettingSection } from './forgetting.ts';
import { contents, header } from './header.ts';
import { mergesSection } from './merges.ts';
import { type ReportPage, type Section, sectionElement } from './page.ts';
import { routerSection } from './router.ts';
import { changeState, state } from './state.ts';
import { storageSection } from './storage.ts';
import { trainingSection } from './training.ts';

const view = document.getElementById('view')!;
const problems = element('div', {});
const host = connectHost(reportApi, { changed: () => void load() });
let reports: ShownReport[] = [];
let charts: Chart[] = [];

registerComponents();
await load();
keepScroll(state, changeState);
onThemeChange(draw);

/** What is shown stays where something fails. */
async function attempt(work: () => Promise<unknown>): Promise<void> {
  replaceContent(problems);
  try {
    await work();
  } catch (error) {
    replaceContent(problems, problemBox(error));
    if (reports.length === 0) replaceContent(view, problems);
  }
  view.removeAttribute('aria-busy');
}

function load(): Promise<void> {
  return attempt(() => showWith(state.compared));
}

function compare(): Promise<void> {
  return attempt(async () => {
    const { chosen } = await host.request('choose', { shown: reports.map(({ path }) => path) });
    if (chosen.length > 0) await showWith([...state.compared, ...chosen]);
  });
}

async function showWith(compared: string[]): Promise<void> {
  const loaded = await host.request('load', { compared });
  reports = loaded.reports;
  changeState({ compared: reports.slice(1).map(({ path }) => path) });
  draw();
  replaceContent(problems, loaded.problems.map(problemBox));
}

function stopComparing(): void {
  changeState({ compared: [], shown: '' });
  reports = reports.slice(0, 1);
  draw();
}

function show(path: string): void {
  changeState({ shown: path });
  draw();
}

function draw(): void {
  const shown = reports.find(({ path }) => path === state.shown) ?? reports[0];
  if (!shown) return;
  const { path } = shown;
  const sections = sectionsOf({
    reports,
    shown,
    savePng: (name, png) =>
      void attempt(async () => host.request('save', { path, format: 'png', name, base64: await png })),
  });
  const focused = document.activeElement?.id;
  replaceContent(
    view,
    header(shown, reports, {
      compare: () => void compare(),
      stopComparing,
      show,
      save: format => void attempt(() => host.request('save', { path, format })),
    }),
    problems,
    contents(sections),
    sections.map(sectionElement),
    footer(shown.report),
  );
  // The controls are new ones: who uses the keyboard goes on where they were.
  if (focused) document.getElementById(focused)?.focus();
}

function sectionsOf(page: ReportPage): Section[] {
  for (const chart of charts) chart.dispose();
  const training = trainingSection(page);
  charts = training?.charts ?? [];
  return [
    comparisonSection(page),
    accuracySection(page),
    forgettingSection(page),
    routerSection(page),
    mergesSection(page),
    training?.section,
    storageSection(page),
    examplesSection(page),
  ].filter(section => section !== undefined);
}
