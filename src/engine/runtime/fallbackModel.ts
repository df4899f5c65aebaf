import type { Weights } from './adapterBank.ts';
import type { DeviceUse } from './deviceUse.ts';
import { type KvCache, noteTokens } from './kvCache.ts';
import type { Model, Wanted } from './model.ts';
import { isRefusal, releaseTensors } from './session.ts';

/**
 * A model on a device that may fail. The CPU then answers in its place, and computes the lost cache anew from the tokens
 * that it was computed from.
 */
export function fallbackModel(onDevice: Model, use: DeviceUse, openOnCpu: () => Promise<Model>): Model {
  let model = onDevice;

  const run = async (tokens: number[][], past: number[], weights: Weights[], cache: KvCache, wanted?: Wanted) => {
    noteTokens(cache, tokens, past);
    return model.run(tokens, past, weights, cache, wanted);
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

  /** Does what needs another graph on the device, or else on the CPU. */
  const change = async (work: () => Promise<void>) => {
    try {
      await work();
    } catch (error) {
      if (model.device === 'cpu' || !isRefusal(error)) throw error;
      use.failed(error);
      await model.dispose();
      model = await openOnCpu();
      await work();
    }
  };

  return {
    base: onDevice.base,
    bank: onDevice.bank,
    get device() {
      return model.device;
    },

    load: adapter => change(() => model.load(adapter)),
    gateTokens: gates => change(() => model.gateTokens(gates)),

    async run(tokens, past, weights, cache, wanted) {
      try {
        return await run(tokens, past, weights, cache, wanted);
      } catch (error) {
        if (model.device === 'cpu' || !isRefusal(error)) throw error;
        use.failed(error);
        await model.dispose();
        model = await openOnCpu();
        await remember(past, weights, cache);
        return await run(tokens, past, weights, cache, wanted);
      }
    },

    dispose: () => model.dispose(),
  };
}
