import type { Decoded, DecodeParams, DecoderParams, Switched, SwitchParams } from '../decoderSide.ts';
import { serve } from '../serve.ts';

/*
 * llama.cpp on the CPU through node-llama-cpp, at the lowest level that it has: the native context behind LlamaContext
 * (`_ctx`), whose batches LlamaContextSequence fills. Going through `sequence.evaluate` would add its queue of batches
 * and an async generator to every token.
 */

interface NativeContext {
  initBatch(size: number): void;
  addToBatch(sequence: number, first: number, tokens: Uint32Array, logitsOf: Uint32Array): Uint32Array;
  decodeBatch(): Promise<void>;
  sampleToken(logit: number, sampler: unknown): Promise<number>;
  sampleToken(
    logit: number,
    sampler: unknown,
    probabilities: boolean,
    confidence: boolean,
    logits: boolean,
  ): Promise<[number, unknown, unknown, number[]]>;
  disposeSequence(sequence: number): void;
  setThreads(threads: number): void;
  setLoras(loras: unknown[], scales: number[]): void;
}

let native: NativeContext;
let sampler: unknown;
const loras = new Map<string, unknown>();
const files = new Map<string, string>();
let createContext: (options: object) => Promise<{ _ctx: NativeContext; dispose(): Promise<void> }>;

function applyWeights(weights: Record<string, number>): void {
  const active = Object.entries(weights).filter(([, w]) => w !== 0);
  native.setLoras(
    active.map(([name]) => loras.get(name)),
    active.map(([, w]) => w),
  );
}

await serve({
  async open({ gguf, threads, experts, room, rows, llama: path }: DecoderParams) {
    const { getLlama } = await import(path);
    const llama = await getLlama({ gpu: false, build: 'never', maxThreads: threads, progressLogs: false });
    const model = await llama.loadModel({ modelPath: gguf });
    createContext = options =>
      model.createContext({
        contextSize: room,
        batchSize: room * rows,
        sequences: rows,
        threads,
        // Of the engine's precision, so that logits can be compared; its default is F16.
        experimentalKvCacheKeyType: 'F32',
        experimentalKvCacheValueType: 'F32',
        ...options,
      });
    const context = await createContext({});
    native = context._ctx;
    native.setThreads(threads);
    for (const e of experts) {
      loras.set(e.name, await model._getOrLoadLora(e.gguf));
      files.set(e.name, e.gguf);
    }
    sampler = new llama._bindings.AddonSampler(model._model);
    (sampler as { applyConfig(c: object): void }).applyConfig({ temperature: 0 });
  },

  /** Rows share the weights of the first: llama.cpp's adapters belong to the whole context. */
  async decode({ prompts, weights, count, forced }: DecodeParams): Promise<Decoded> {
    for (const row of prompts.keys()) native.disposeSequence(row);
    applyWeights(weights[0]!);
    const length = prompts[0]!.length;
    const choices = prompts.map((): number[] => []);
    const run = async (rows: number[][], past: number) => {
      native.initBatch(rows.length * rows[0]!.length);
      const places = rows.map((tokens, row) => {
        const last = Uint32Array.of(tokens.length - 1);
        return native.addToBatch(row, past, Uint32Array.from(tokens), last)[0]!;
      });
      await native.decodeBatch();
      for (const [row, place] of places.entries()) choices[row]!.push(await native.sampleToken(place, sampler));
    };
    const started = performance.now();
    await run(prompts, 0);
    const prefilled = performance.now();
    for (let t = 0; t < count; t++)
      await run(
        forced.map(row => [row[t]!]),
        length + t,
      );
    return { prefillMs: prefilled - started, decodeMs: performance.now() - prefilled, choices };
  },

  async logits({ prompt, weights }: { prompt: number[]; weights: Record<string, number> }): Promise<number[]> {
    native.disposeSequence(0);
    applyWeights(weights);
    native.initBatch(prompt.length);
    const [place] = native.addToBatch(0, 0, Uint32Array.from(prompt), Uint32Array.of(prompt.length - 1));
    await native.decodeBatch();
    const [, , , pairs] = await native.sampleToken(place!, sampler, false, false, true);
    const result = new Array<number>(pairs.length / 2).fill(0);
    for (let i = 0; i < pairs.length; i += 2) result[pairs[i]!] = pairs[i + 1]!;
    return result;
  },

  async switches({ prompt, tables }: SwitchParams): Promise<Switched> {
    native.disposeSequence(0);
    const run = async (tokens: number[], past: number) => {
      native.initBatch(tokens.length);
      const [place] = native.addToBatch(0, past, Uint32Array.from(tokens), Uint32Array.of(tokens.length - 1));
      await native.decodeBatch();
      await native.sampleToken(place!, sampler);
    };
    applyWeights(tables[0]!);
    await run(prompt, 0);
    const [callMs, tokenMs]: [number[], number[]] = [[], []];
    for (const [t, weights] of tables.entries()) {
      const started = performance.now();
      applyWeights(weights);
      callMs.push(performance.now() - started);
      const called = performance.now();
      await run([prompt[0]!], prompt.length + t);
      tokenMs.push(performance.now() - called);
    }
    return { callMs, tokenMs };
  },

  /** The documented way to other adapters: a new context that names them. Milliseconds, per table; its cache is lost. */
  async contexts({ tables }: { tables: Record<string, number>[] }): Promise<number[]> {
    const times: number[] = [];
    for (const weights of tables) {
      const adapters = Object.entries(weights).map(([name, scale]) => ({ filePath: files.get(name), scale }));
      const started = performance.now();
      const next = await createContext({ lora: { adapters } });
      times.push(performance.now() - started);
      await next.dispose();
    }
    return times;
  },
});
