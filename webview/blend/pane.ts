import type { WorkProgress } from '../../src/protocol/engine/source.ts';
import type { FoundWeights } from '../../src/protocol/engine/weighing.ts';
import type { RouteResult } from '../../src/protocol/route.ts';
import type { Weights } from '../../src/protocol/target.ts';
import type { Explanation, Lab, LabAnswer } from '../../src/protocol/views/blend.ts';
import { element, freshId, replaceContent } from '../components/dom.ts';
import { closeIcon } from '../components/icons.ts';
import { answerBox } from './answer.ts';
import { weightFinder } from './findWeights.ts';
import { ownPreset, presetsOf, routerPreset } from './presets.ts';
import { weightSliders } from './sliders.ts';
import type { PaneState } from './state.ts';
import { activeWeights, moveWeight, normalised, type WeightRules, weightsOver } from './weights.ts';

/** What a pane needs of the lab around it. */
export interface PaneContext {
  /** `A`, `B` or `C`. */
  title: string;
  lab: Lab;
  pane: PaneState;
  styleOf(expert: string): string;
  route(): RouteResult | undefined;
  rules(): WeightRules;
  /** The pane's state is another one. */
  changed(): void;
  ask(weights: Weights, onText: (text: string) => void, signal: AbortSignal): Promise<LabAnswer> | undefined;
  explain(weights: Weights, answer: string, signal: AbortSignal): Promise<Explanation> | undefined;
  save(weights: Weights): void;
  /** Finds weights by examples; nothing where the user gave up. */
  find(tell: (progress: WorkProgress) => void, signal: AbortSignal): Promise<FoundWeights | undefined>;
  /** Absent where it is the only one. */
  remove?: () => void;
}

export interface BlendPane {
  element: HTMLElement;
  /** Puts the preset's weights in place, which may have changed, and asks. */
  renew(): void;
  /** Makes the weights fit rules that have changed. */
  applyRules(): void;
  /** Ends the answer that is under way. */
  stop(): void;
  /** Ends everything that is under way. */
  dispose(): void;
}

/** One blend: its weights, and its answer to the prompt. */
export function blendPane(context: PaneContext): BlendPane {
  const { title, lab, pane, styleOf } = context;
  const headingId = freshId('blend');
  const sum = element('span', { class: 'muted number' });
  const answer = answerBox({
    title: `blend ${title}`,
    styleOf,
    ask: (onText, signal) => context.ask(activeWeights(pane.weights), onText, signal),
    explain: (text, signal) => context.explain(activeWeights(pane.weights), text, signal),
  });
  const sliders = weightSliders({
    blend: title,
    experts: lab.experts,
    styleOf,
    move: (name, weight) => own(moveWeight(pane.weights, name, weight, new Set(pane.locked), context.rules())),
    lock(name, isLocked) {
      pane.locked = isLocked ? [...pane.locked, name] : pane.locked.filter(other => other !== name);
      show();
    },
  });
  const finder = weightFinder({
    blend: title,
    find: context.find,
    use: weights =>
      own(
        weightsOver(
          lab.experts.map(({ name }) => name),
          weights,
        ),
      ),
  });
  const choice = element('vscode-dropdown', {
    'aria-label': `Weights of blend ${title}`,
    onchange: () => choosePreset(choice.value),
  }) as HTMLSelectElement;
  const presets = () => presetsOf(lab, context.route());

  function show(): void {
    sliders.show(pane.weights, new Set(pane.locked), context.rules());
    const total = Object.values(pane.weights).reduce((a, b) => a + b, 0);
    replaceContent(sum, `sum ${total.toFixed(2)}`);
    if (choice.value !== pane.preset) choice.value = pane.preset;
    context.changed();
  }

  /** Weights of the user's own making. */
  function own(weights: Weights): void {
    pane.weights = weights;
    pane.preset = ownPreset;
    show();
    answer.renew();
  }

  function choosePreset(id: string): void {
    pane.preset = id;
    pane.locked = [];
    renew();
  }

  function renew(): void {
    const preset = presets().find(({ id }) => id === pane.preset);
    pane.weights = preset?.weights ?? pane.weights;
    show();
    // The router's choice is not known yet: it comes with the route.
    if (pane.preset === routerPreset && !preset?.weights) answer.stop();
    else answer.renew();
  }

  // The recipe may have changed since the state was kept.
  const trained = lab.experts.filter(({ isTrained }) => isTrained).map(({ name }) => name);
  pane.weights = weightsOver(
    lab.experts.map(({ name }) => name),
    Object.fromEntries(trained.map(name => [name, pane.weights[name] ?? 0])),
  );
  if (!presets().some(({ id }) => id === pane.preset)) pane.preset = ownPreset;
  replaceContent(
    choice,
    [...presets(), { id: ownPreset, label: 'Own weights' }].map(({ id, label }) =>
      element('vscode-option', { value: id, selected: id === pane.preset }, label),
    ),
  );
  return {
    element: element(
      'article',
      { class: 'pane', 'aria-labelledby': headingId },
      element(
        'header',
        { class: 'pane-head' },
        element('h2', { id: headingId }, `Blend ${title}`),
        choice,
        context.remove &&
          element(
            'button',
            {
              class: 'icon-button',
              type: 'button',
              'aria-label': `Remove blend ${title}`,
              title: 'Remove',
              onclick: context.remove,
            },
            closeIcon(),
          ),
      ),
      sliders.element,
      element(
        'div',
        { class: 'row pane-actions' },
        sum,
        element(
          'vscode-button',
          {
            appearance: 'secondary',
            onclick: () => own(normalised(pane.weights, new Set(pane.locked), context.rules())),
          },
          'Normalise',
        ),
        finder.button,
        element(
          'vscode-button',
          { id: `save-${title}`, appearance: 'secondary', onclick: () => context.save(activeWeights(pane.weights)) },
          'Save in the Recipe…',
        ),
      ),
      finder.element,
      answer.element,
    ),
    renew,
    applyRules() {
      const { normalise, negative } = context.rules();
      const kept = negative ? pane.weights : mapValues(pane.weights, weight => Math.max(0, weight));
      const fitting = normalise ? normalised(kept, new Set(pane.locked), context.rules()) : kept;
      const isOther = Object.entries(fitting).some(([name, weight]) => weight !== pane.weights[name]);
      if (isOther && pane.preset === ownPreset) own(fitting);
      else show();
    },
    stop: answer.stop,
    dispose() {
      answer.stop();
      finder.stop();
    },
  };
}

function mapValues(weights: Weights, change: (weight: number) => number): Weights {
  return Object.fromEntries(Object.entries(weights).map(([name, weight]) => [name, change(weight)]));
}
