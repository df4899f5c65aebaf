import './blend.css';
import type { RouteResult } from '../../src/protocol/route.ts';
import { blendApi, type Lab } from '../../src/protocol/views/blend.ts';
import { weightList } from '../../src/text/numbers.ts';
import { element, replaceContent } from '../components/dom.ts';
import { connectHost, keepScroll } from '../components/host.ts';
import { keepFocus } from '../components/keepFocus.ts';
import { failedView, problemBox } from '../components/problem.ts';
import { registerComponents } from '../components/toolkit.ts';
import { type MergePanel, mergePanel } from './merge.ts';
import { type BlendPane, blendPane } from './pane.ts';
import { routerPreset } from './presets.ts';
import { promptSection, routeView } from './prompt.ts';
import { changeState, type PaneState, state } from './state.ts';
import { activeWeights } from './weights.ts';

const view = document.getElementById('view')!;
const problems = element('div', {});
const saved = element('p', { role: 'status', class: 'muted' });
const panesPlace = element('div', { class: 'panes' });
const routed = routeView();
const titles = ['A', 'B', 'C'];
/** Milliseconds that the prompt rests before it is routed and asked. */
const rest = 300;

let lab: Lab;
let route: RouteResult | undefined;
let panes: BlendPane[] = [];
let merging: MergePanel | undefined;
let routing = new AbortController();
let promptTimer: ReturnType<typeof setTimeout> | undefined;

const host = connectHost(blendApi, {
  changed: () => void load(),
});

registerComponents();
keepFocus(view);
await load();
keepScroll(state, changeState);

async function load(): Promise<void> {
  try {
    const loaded = await host.request('load', undefined);
    const isSame = panes.length > 0 && JSON.stringify(loaded) === JSON.stringify(lab);
    lab = loaded;
    if (lab.opened !== undefined) state.panes[0]!.preset = `recipe:${lab.opened}`;
    // Where adapters alone are others, answers may be, too; what else is shown stays.
    if (isSame && lab.opened === undefined) void askAll();
    else draw();
  } catch (error) {
    for (const pane of panes) pane.dispose();
    panes = [];
    replaceContent(view, failedView('Blend Lab', error));
  }
  view.removeAttribute('aria-busy');
}

function draw(): void {
  if (lab.experts.some(({ isTrained }) => isTrained)) drawLab();
  else replaceContent(view, nothingTrained(lab));
}

/** In the place of the lab where there is nothing to blend. */
function nothingTrained({ recipe }: Lab): HTMLElement {
  return element(
    'div',
    { class: 'empty' },
    element('h1', {}, 'No trained experts to blend'),
    element('p', {}, `None of the experts of ${recipe} is trained. Train them with “Train Experts…”.`),
  );
}

function drawLab(): void {
  merging?.dispose();
  merging = mergePanel({
    lab,
    blends: () => state.panes.map(({ weights }, i) => ({ title: titles[i]!, weights: activeWeights(weights) })),
    compare: (wish, signal) => host.request('compareMerges', wish, { signal, onProgress: told => merging?.tell(told) }),
    async merge(wish) {
      const { path } = await host.request('merge', wish);
      return path && `Merged into ${path}.`;
    },
  });
  replaceContent(
    view,
    element(
      'header',
      {},
      element('h1', {}, 'Blend Lab'),
      element('p', { class: 'muted' }, `${lab.recipe} · ${lab.base}`),
    ),
    problems,
    promptSection({
      lab,
      below: routed.element,
      promptChanged() {
        clearTimeout(promptTimer);
        promptTimer = setTimeout(() => void askAll(), rest);
      },
      decodingChanged: renewAll,
      stop: stopAll,
    }),
    blendsSection(),
    merging.element,
  );
  drawPanes();
  void askAll();
}

function blendsSection(): HTMLElement {
  const box = (key: 'normalise' | 'negative' | 'explain', text: string, changed: () => void) =>
    element(
      'vscode-checkbox',
      {
        checked: state[key],
        onchange: event => {
          changeState({ [key]: (event.target as HTMLInputElement).checked });
          changed();
        },
      },
      text,
    );
  const applyRules = () => {
    for (const pane of panes) pane.applyRules();
  };
  return element(
    'section',
    { 'aria-label': 'Blends' },
    element(
      'div',
      { class: 'row rules' },
      box('normalise', 'Weights sum to 1', applyRules),
      box('negative', 'Negative weights', applyRules),
      box('explain', 'Show which expert pulled each token', renewAll),
      element('vscode-button', { id: 'add', appearance: 'secondary', onclick: addPane }, 'Add a Blend'),
    ),
    panesPlace,
    saved,
  );
}

function drawPanes(): void {
  for (const pane of panes) pane.dispose();
  panes = state.panes.map((pane, i) =>
    blendPane({
      title: titles[i]!,
      lab,
      pane,
      styleOf,
      route: () => route,
      rules: () => state,
      changed() {
        changeState();
        merging?.refresh();
      },
      ask,
      explain: (weights, answer, signal) =>
        state.explain ? host.request('explain', { prompt: state.prompt, answer, weights }, { signal }) : undefined,
      save: weights => void save(weights),
      find: async (onProgress, signal) => (await host.request('findWeights', undefined, { signal, onProgress })).found,
      remove: state.panes.length > 1 ? () => removePane(pane) : undefined,
    }),
  );
  replaceContent(
    panesPlace,
    panes.map(pane => pane.element),
  );
  document.getElementById('add')!.toggleAttribute('disabled', panes.length === titles.length);
}

function addPane(): void {
  const last = state.panes.at(-1)!;
  changeState({ panes: [...state.panes, structuredClone(last)] });
  redrawPanes();
}

function removePane(pane: PaneState): void {
  changeState({ panes: state.panes.filter(other => other !== pane) });
  redrawPanes();
  document.getElementById('add')!.focus();
}

function redrawPanes(): void {
  drawPanes();
  renewAll();
}

/** Colours go by the place in the recipe. */
function styleOf(expert: string): string {
  return `expert-${lab.experts.findIndex(({ name }) => name === expert) % 5}`;
}

/** Every blend's answer to the prompt. Those that do as the router says wait for it, the others do not. */
async function askAll(): Promise<void> {
  routing.abort();
  routing = new AbortController();
  const { signal } = routing;
  const { prompt } = state;
  const followers = panes.filter((_, i) => state.panes[i]!.preset === routerPreset);
  route = undefined;
  for (const pane of panes.filter(pane => !followers.includes(pane))) pane.renew();
  for (const pane of followers) pane.stop();
  try {
    route = prompt.trim()
      ? await host.request('route', { prompt }, { signal })
      : { weights: {}, abstained: true, evidence: [] };
    if (prompt.trim()) routed.show(prompt, route, styleOf, lab.demonstration);
    else routed.clear();
    replaceContent(problems);
  } catch (error) {
    if (!signal.aborted) replaceContent(problems, problemBox(error));
    return;
  }
  for (const pane of followers) pane.renew();
}

function ask(weights: Record<string, number>, onText: (text: string) => void, signal: AbortSignal) {
  const { prompt } = state;
  if (!prompt.trim()) return undefined;
  return host.request(
    'ask',
    { prompt, weights, decoding: state.decoding ?? lab.decoding },
    { signal, onProgress: ({ text }) => onText(text) },
  );
}

function renewAll(): void {
  for (const pane of panes) pane.renew();
}

function stopAll(): void {
  clearTimeout(promptTimer);
  routing.abort();
  for (const pane of panes) pane.stop();
}

async function save(weights: Record<string, number>): Promise<void> {
  try {
    const { name } = await host.request('saveBlend', { weights });
    replaceContent(saved, name && `Saved as ${name}: ${weightList(weights)}.`);
  } catch (error) {
    replaceContent(problems, problemBox(error));
  }
}
