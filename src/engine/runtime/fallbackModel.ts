import type { Weights } from './adapterBank.ts';
import type { DeviceUse } from './deviceUse.ts';
import { type KvCache, noteTokens } from './kvCache.ts';
import type { Model } from './model.ts';
import { isRefusal, releaseTensors } from './session.ts';

/**
 * A model on a device that may fail. The CPU then answers in its place, and computes the lost cache anew from the tokens
 * that it was computed from.
 */
export function fallbackModel(onDevice: Model, use: DeviceUse, openOnCpu: () => Promise<Model>): Model {
  let model = onDevice;

  const run = async (tokens: number[][], past: number[], weights: Weights[], cache: KvCache, from?: number) => {
    noteTokens(cache, tokens, past);
    return model.run(tokens, past, weights, cache, from);
  };

  const remember = async (past: number[], weights: Weights[], cache: KvCache) => {
    releaseTensors(cache.feeds);
    if (past.every(n => n === 0)) return;
    // A row without past tokens takes part with one token, whose place the next execution overwrites.
    const tokens = cache.tokens.map((row, b) => (past[b] === 0 ? [0] : row.slice(0, past[b])));
    await model.run(
      tokens,
      past.map(() => 0),
      weights,
      cache,
    );
  };

  return {
    base: onDevice.base,
    bank: onDevice.bank,
    get device() {
      return model.device;
    },

    async load(adapter) {
      try {
        await model.load(adapter);
      } catch (error) {
        if (model.device === 'cpu' || !isRefusal(error)) throw error;
        use.failed(error);
        await model.dispose();
        model = await openOnCpu();
        await model.load(adapter);
      }
    },

    async run(tokens, past, weights, cache, from) {
      try {
        return await run(tokens, past, weights, cache, from);
      } catch (error) {
        if (model.device === 'cpu' || !isRefusal(error)) throw error;
        use.failed(error);
        await model.dispose();
        model = await openOnCpu();
        await remember(past, weights, cache);
        return await run(tokens, past, weights, cache, from);
      }
    },

    dispose: () => model.dispose(),
  };
}
