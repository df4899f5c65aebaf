import './report.css';
import { reportApi, type ShownReport } from '../../src/protocol/views/report.ts';
import { element, replaceContent } from '../components/dom.ts';
import { connectHost, keepScroll } from '../components/host.ts';
import { keepFocus } from '../components/keepFocus.ts';
import { problemBox } from '../components/problem.ts';
import { registerComponents } from '../components/toolkit.ts';
import { changeState, state } from './state.ts';
import { type Actions, drawReport } from './View.tsx';

const view = document.getElementById('view')!;
const problems = element('div', {});
const page = element('div', {});
/** Until there is a report, which has its own. */
const heading = element('h1', {}, 'Report');
const host = connectHost(reportApi, { changed: () => void load() });
let reports: ShownReport[] = [];

const actions: Actions = {
  compare: () =>
    attempt(async () => {
      const { chosen } = await host.request('choose', { shown: reports.map(({ path }) => path) });
      if (chosen.length > 0) await showWith([...state.compared, ...chosen]);
    }),
  stopComparing() {
    changeState({ compared: [], shown: '' });
    reports = reports.slice(0, 1);
    draw();
  },
  show(path) {
    changeState({ shown: path });
    draw();
  },
  save: (path, format) => attempt(() => host.request('save', { path, format })),
  savePng: (path, name, png) =>
    attempt(async () => host.request('save', { path, format: 'png', name, base64: await png })),
};

registerComponents();
keepFocus(view);
await load();
keepScroll(state, changeState);

/** What is shown stays where something fails. */
async function attempt(work: () => Promise<unknown>): Promise<void> {
  replaceContent(problems);
  try {
    await work();
  } catch (error) {
    replaceContent(problems, problemBox(error));
  }
  if (!page.isConnected) replaceContent(view, reports.length === 0 && heading, problems, page);
  view.removeAttribute('aria-busy');
}

function load(): Promise<void> {
  return attempt(() => showWith(state.compared));
}

async function showWith(compared: string[]): Promise<void> {
  const loaded = await host.request('load', { compared });
  reports = loaded.reports;
  changeState({ compared: reports.slice(1).map(({ path }) => path) });
  draw();
  replaceContent(problems, loaded.problems.map(problemBox));
}

function draw(): void {
  const shown = reports.find(({ path }) => path === state.shown) ?? reports[0];
  if (!shown) return;
  heading.remove();
  drawReport(page, { reports, shown, actions });
}
