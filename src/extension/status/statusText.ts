import type { Loaded } from '../../protocol/engine/experts.ts';
import type { Target } from '../../protocol/target.ts';
import { bytes, listing, plural } from '../../text/numbers.ts';
import { targetLabel, weightsText } from '../../text/target.ts';

/** What the foot of the window tells. */
export interface AnsweringState {
  choice: Target;
  /** Weights of the choice; undefined for the router, which decides at each prompt. */
  weights?: Record<string, number>;
  /** Weights that the router gave the last question. */
  lastRoute?: Record<string, number>;
  loaded: Loaded;
  /** The recipe's name, or why it has nobody to ask. */
  recipe?: string;
  /** The device that is set, for while nothing runs. */
  device: string;
}

/** `Auto → math 1.00 · 3 loaded · CPU`: who answers, who is in memory, and what is computed on. */
export function statusText(state: AnsweringState): string {
  const { choice, lastRoute, loaded } = state;
  const route = choice.kind === 'auto' && lastRoute ? `Auto → ${weightsText(lastRoute)}` : targetLabel(choice);
  const inMemory = loaded.base ? [`${loaded.adapters.length} loaded`, loaded.base.device.toUpperCase()] : [];
  return [route, ...inMemory].join(' · ');
}

/** The same in sentences, for the tooltip. */
export function statusLines({ choice, weights, lastRoute, loaded, recipe, device }: AnsweringState): string[] {
  const isAuto = choice.kind === 'auto';
  const who = weights ? weightsText(weights) : 'The router finds the expert for each prompt.';
  const last = isAuto && lastRoute ? [`Last question: ${weightsText(lastRoute)}`] : [];
  const names = loaded.adapters.map(a => a.name);
  const memory = !loaded.base
    ? 'Nothing is loaded: the first question loads what it needs.'
    : names.length === 0
      ? 'Loaded: the base alone'
      : `Loaded: ${listing(names)}, ${bytes(loaded.bytes)} of factors beside the base`;
  const computing = loaded.base ? loaded.base.device.toUpperCase() : `${device}, as set`;
  return [who, ...last, ...(recipe ? [recipe] : []), memory, `Device: ${computing}`];
}

/** For screen readers: no signs, whole words. */
export function spokenStatus(state: AnsweringState): string {
  const { loaded } = state;
  const memory = loaded.base
    ? `${plural(loaded.adapters.length, 'adapter')} loaded on ${loaded.base.device}`
    : 'nothing loaded';
  return `Multi-LoRA: ${statusText({ ...state, loaded: { adapters: [], bytes: 0 } }).replace(' → ', ', routed to ')}, ${memory}. Switch or blend experts.`;
}
