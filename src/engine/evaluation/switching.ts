import type { Weights } from '../runtime/adapterBank.ts';
import { createKvCache } from '../runtime/kvCache.ts';
import type { Model } from '../runtime/model.ts';

/**
 * The cost of changing experts between two tokens: the time to prepare the inputs of the next graph execution, where expert or
 * blend change at every token.
 */
export async function measureSwitching(
  model: Model,
  prompt: number[],
): Promise<{ medianMs: number; worstMs: number; changes: number } | undefined> {
  const names = model.bank.names();
  if (names.length === 0) return undefined;
  const blend = (seed: number): Weights =>
    Object.fromEntries(names.map((n, i) => [n, 1 / (1 + ((i + seed) % names.length))]));
  const choices = [...names.map((n): Weights => ({ [n]: 1 })), blend(0), {}, blend(1)];
  const length = Math.min(prompt.length + 60, model.base.config.maxLength);
  const cache = createKvCache(model.base.config, 1, length);
  await model.run([prompt], [0], [{}], cache);
  const times: number[] = [];
  for (let past = prompt.length; past < length; past++) {
    const weights = choices[past % choices.length]!;
    const started = performance.now();
    model.bank.feeds([weights]);
    times.push(performance.now() - started);
    await model.run([[prompt[0]!]], [past], [weights], cache);
  }
  times.sort((a, b) => a - b);
  return { medianMs: times[times.length >> 1]!, worstMs: times.at(-1)!, changes: times.length };
}
