import { createAdapterBank } from '../../src/engine/runtime/adapterBank.ts';
import { createKvCache } from '../../src/engine/runtime/kvCache.ts';
import { compileInference, type Model, modelOver } from '../../src/engine/runtime/model.ts';
import { openModel } from '../../src/engine/runtime/openModel.ts';
import { openAnsweringBase } from '../../src/engine/workbench/answeringBase.ts';
import { readAdapter } from '../../src/experiment/adapterFiles.ts';
import { createSampler } from '../../src/nn/decode/sample.ts';
import { linearGroups } from '../../src/nn/model/layout.ts';
import type { LinearGates } from '../../src/nn/model/tokenGates.ts';
import { beginsHalf } from '../../src/nn/model/tokenGating.ts';
import { Random } from '../../src/nn/tensor/random.ts';
import { cacheFolder } from '../cacheFolder.ts';
import type { Decoded, DecodeParams, DecoderParams, Switched, SwitchParams } from '../decoderSide.ts';
import { serve } from '../serve.ts';

// This project's engine: a prompt and then token after token, sampled greedily as `generate` does.
let model: Model;
const greedy = createSampler({ temperature: 0, topK: 0, topP: 1, repetitionPenalty: 1, seed: 1 });

await serve({
  async open({ baseFolder, quantization, threads, experts, adapters, gates }: DecoderParams) {
    const options = { device: 'cpu' as const, cacheFolder: cacheFolder('bases'), threads, tell: console.warn };
    const base = await openAnsweringBase(baseFolder, quantization ?? 'none', options);
    if (adapters) model = await openModel(base, threads);
    else
      model = modelOver(base, await compileInference(base, threads, 'cpu', { adapted: false }), createAdapterBank([]));
    for (const e of experts) model.bank.load(await readAdapter(e.folder, e.name));
    if (gates) await model.gateTokens(randomGates(experts.map(e => e.name)));
  },

  async decode({ prompts, weights, count, forced }: DecodeParams): Promise<Decoded> {
    const { config } = model.base;
    const length = prompts[0]!.length;
    const cache = createKvCache(config, prompts.length, length + count);
    const choices = prompts.map((): number[] => []);
    const choose = (logits: Float32Array) => {
      for (const [b, own] of choices.entries())
        own.push(greedy(logits.subarray(b * config.vocab, (b + 1) * config.vocab), []));
    };
    const started = performance.now();
    const zeros = prompts.map(() => 0);
    choose(await model.run(prompts, zeros, weights, cache));
    const prefilled = performance.now();
    for (let t = 0; t < count; t++) {
      const tokens = forced.map(row => [row[t]!]);
      const past = zeros.map(() => length + t);
      choose(await model.run(tokens, past, weights, cache));
    }
    return { prefillMs: prefilled - started, decodeMs: performance.now() - prefilled, choices };
  },

  async logits({ prompt, weights }: { prompt: number[]; weights: Record<string, number> }): Promise<number[]> {
    return [...(await model.run([prompt], [0], [weights], createKvCache(model.base.config, 1, prompt.length)))];
  },

  async switches({ prompt, tables }: SwitchParams): Promise<Switched> {
    const cache = createKvCache(model.base.config, 1, prompt.length + tables.length);
    await model.run([prompt], [0], [tables[0]!], cache);
    const [callMs, tokenMs]: [number[], number[]] = [[], []];
    for (const [t, weights] of tables.entries()) {
      const started = performance.now();
      // What a change of weights costs beyond a token: the factors and gates that the next run reads.
      model.bank.feeds([weights]);
      callMs.push(performance.now() - started);
      const called = performance.now();
      greedy(await model.run([[prompt[0]!]], [prompt.length + t], [weights], cache), []);
      tokenMs.push(performance.now() - called);
    }
    return { callMs, tokenMs };
  },
});

function randomGates(experts: string[]): LinearGates {
  const random = new Random(1);
  const numbers = (size: number) => Float32Array.from({ length: size }, () => 0.1 * random.normal());
  const halves = linearGroups(model.base.config).filter(beginsHalf);
  const gateOf = (inputs: number) => ({ weight: numbers(experts.length * inputs), bias: numbers(experts.length) });
  return { kind: 'linear', experts, halves: new Map(halves.map(group => [group.name, gateOf(group.in)])) };
}
