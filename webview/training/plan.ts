import type { TrainingPlan } from '../../src/protocol/views/training.ts';
import { bytes, count, duration, magnitude, percent, significant } from '../../src/text/numbers.ts';
import { type Chart, createChart } from '../components/chart.ts';
import { element, replaceContent } from '../components/dom.ts';
import { joinCurves } from '../components/joinCurves.ts';
import { problemBox } from '../components/problem.ts';
import { rateLines } from './curves.ts';

export interface PlanView {
  element: HTMLElement;
  /** What is shown is of settings that have changed since. */
  wait(): void;
  show(plan: TrainingPlan): void;
  fail(error: unknown): void;
  /** There is nothing to plan. */
  clear(why: string): void;
}

/** What memory is taken by, in the order in which it is drawn. */
const parts = {
  weights: 'base',
  activations: 'activations',
  optimiser: 'optimiser',
  factors: 'factors',
  graphs: 'graphs',
  process: 'process',
} as const satisfies Record<keyof TrainingPlan['memory'], string>;

/** Memory, time and learning rate of a training that has not begun. */
export function planView(): PlanView {
  const content = element('div', { class: 'plan-content' });
  const status = element('p', { class: 'muted plan-status', role: 'status' });
  const rates = element('div', {});
  let chart: Chart | undefined;
  const section = element(
    'section',
    { class: 'plan', 'aria-labelledby': 'plan-heading' },
    element('div', { class: 'plan-head' }, element('h2', { id: 'plan-heading' }, 'Plan'), status),
    content,
    rates,
  );

  function drawRates(plan: TrainingPlan): void {
    chart?.dispose();
    const lines = rateLines(plan.experts);
    chart = createChart({
      title: 'Learning rate',
      xTitle: 'step',
      yTitle: 'rate',
      lines: lines.map(({ name }) => ({ name })),
      format: significant,
      height: 150,
    });
    replaceContent(rates, chart.element);
    chart.setData(joinCurves(lines.map(({ points }) => points)));
  }

  return {
    element: section,
    wait() {
      section.setAttribute('aria-busy', 'true');
      replaceContent(status, 'planning…');
    },
    show(plan) {
      section.removeAttribute('aria-busy');
      replaceContent(status);
      replaceContent(content, factsOf(plan), memoryOf(plan), expertsOf(plan), fittedOf(plan), notesOf(plan));
      drawRates(plan);
    },
    fail(error) {
      section.removeAttribute('aria-busy');
      replaceContent(status);
      replaceContent(content, problemBox(error));
    },
    clear(why) {
      section.removeAttribute('aria-busy');
      replaceContent(status);
      replaceContent(content, element('p', { class: 'muted' }, why));
      replaceContent(rates);
    },
  };
}

function factsOf({ time, totalBytes, device, experts }: TrainingPlan): HTMLElement {
  const parameters = experts.reduce((sum, e) => sum + e.parameters, 0);
  const fact = (name: string, value: string, detail: string) =>
    element(
      'div',
      {},
      element('dt', {}, name),
      element('dd', {}, element('strong', {}, value), element('span', { class: 'muted' }, detail)),
    );
  return element(
    'dl',
    { class: 'facts' },
    fact(
      'Time',
      `≈ ${duration(time.seconds)}`,
      `${count(time.steps)} steps of ${duration(time.secondsPerStep)}; ${percent(time.padding)} padding`,
    ),
    fact('Memory', bytes(totalBytes), `on ${device === 'cpu' ? 'the CPU' : device}`),
    fact('Learned', magnitude(parameters), 'parameters'),
  );
}

function memoryOf(plan: TrainingPlan): HTMLElement {
  const { memory, totalBytes, budgetBytes, isLimit, fits } = plan;
  const names = Object.keys(parts) as (keyof typeof parts)[];
  const shown = names.filter(name => memory[name] > 0).sort((a, b) => memory[b] - memory[a]);
  const bar = element(
    'div',
    { class: 'memory-bar', 'aria-hidden': 'true' },
    shown.map(name => {
      const part = element('span', { class: `part part-${name}` });
      part.style.setProperty('--share', String(memory[name] / totalBytes));
      return part;
    }),
  );
  const legend = element(
    'ul',
    { class: 'memory-legend', 'aria-label': 'What takes how much memory' },
    shown.map(name =>
      element(
        'li',
        {},
        element('span', { class: `swatch part-${name}` }),
        element('span', {}, parts[name]),
        element('span', { class: 'number' }, bytes(memory[name])),
      ),
    ),
  );
  const weights = plan.widensAtUse && 'Weights stay in 16 bits and are widened for each product.';
  const share = `${bytes(totalBytes)} of the ${isLimit ? 'limit of' : 'machine’s'} ${bytes(budgetBytes)}`;
  return element(
    'div',
    {},
    bar,
    element('p', { class: fits ? 'muted' : 'problem' }, fits ? `${share}.` : `It does not fit: ${share}.`),
    (plan.arithmetic === 'int8' || plan.widensAtUse || plan.halfActivations || plan.isRecomputeChosen) &&
      element(
        'p',
        { class: 'muted' },
        [
          plan.arithmetic === 'int8' && 'Products with the base are computed in 8 bits.',
          plan.isRecomputeChosen && 'Activations are computed again.',
          plan.device === 'cpu' && weights,
          plan.totalBytesWithout > totalBytes && `It would take ${bytes(plan.totalBytesWithout)} otherwise.`,
          // On a GPU they always do, where they can.
          plan.device !== 'cpu' && weights,
          plan.halfActivations && 'Activations are kept in 16 bits.',
        ]
          .filter(Boolean)
          .join(' '),
      ),
    legend,
  );
}

function expertsOf({ experts }: TrainingPlan): HTMLElement {
  return element(
    'ul',
    { class: 'plan-experts' },
    experts.map(e =>
      element(
        'li',
        {},
        element('strong', {}, e.name),
        ` ${count(e.steps)} steps, ${significant(e.epochs)} epochs of ${count(e.examples)} examples (${magnitude(e.tokensPerEpoch)} tokens); rank ${e.rank} on ${e.layers} layers; learning rate ${e.learningRate}${e.isRateAuto ? ' (auto)' : ''}`,
        e.problems.map(({ message }) => element('p', { class: 'warning' }, message)),
      ),
    ),
  );
}

/** What merges and gates that are fitted to data will take, once the experts are trained. */
function fittedOf({ fitted }: TrainingPlan): HTMLElement | undefined {
  if (fitted.length === 0) return undefined;
  return element(
    'ul',
    { class: 'plan-experts', 'aria-label': 'Fitted to data once the experts are trained' },
    fitted.map(({ name, method, examples, seconds, totalBytes, problem }) =>
      element(
        'li',
        {},
        element('strong', {}, name),
        problem
          ? element('p', { class: 'warning' }, problem)
          : ` ${method}: ≈ ${duration(seconds!)} and ${bytes(totalBytes!)} on the CPU, of ${count(examples)} examples`,
      ),
    ),
  );
}

function notesOf({ notes }: TrainingPlan): HTMLElement | undefined {
  return notes.length > 0 ? element('p', { class: 'muted' }, notes.join(' ')) : undefined;
}
