import { createSampler, type Sampler } from '../../nn/decode/sample.ts';
import { type AnswerStream, createAnswerStream, type FinishReason } from '../../nn/decode/stream.ts';
import { type ChatMessage, promptIds } from '../../nn/tokenizer/chatTemplate.ts';
import { type FillPrompt, fillPrompt, type Gap } from '../../nn/tokenizer/fillPrompt.ts';
import { WorkbenchError } from '../../protocol/errors.ts';
import type { GenerationSettings } from '../../recipe/schema.ts';
import type { Weights } from './adapterBank.ts';
import { createKvCache, keepRows, releaseCache } from './kvCache.ts';
import { keepsCaches, type Model } from './model.ts';
import { readMessages } from './precedence.ts';

/** One prompt to be answered. */
export interface GenerateRow {
  messages: ChatMessage[];
  /** What is to be filled in place of a conversation. */
  gap?: Gap;
  weights: Weights;
  settings: GenerationSettings;
  onText?(delta: string): void;
  /** Told before the first text how the token gates share the prompt's tokens, [tokens, experts], where the model has gates. */
  onShares?(prompt: number[], shares: Float32Array): void;
}

export interface GeneratedAnswer {
  text: string;
  finish: FinishReason;
  promptTokens: number;
  answerTokens: number;
}

interface ActiveRow {
  index: number;
  weights: Weights;
  onText: GenerateRow['onText'];
  history: number[];
  /** Tokens in its cache. */
  past: number;
  next: number;
  sampler: Sampler;
  stream: AnswerStream;
  answer: GeneratedAnswer;
}

/** Tokens by which a cache grows. On the CPU every step copies the whole cache, free room included. */
const roomStep = 64;

/** What generation took, for the message that ends it. */
export interface GenerateTimings {
  prefillMs: number;
  decodeMs: number;
}

/**
 * Answers a batch of prompts, each with its own weights of experts and its own settings. Rows that have ended leave the
 * batch. A cancelled batch ends within one token, with what was generated so far.
 * Throws `badRequest` when a prompt leaves no room in the model's context.
 */
export async function generate(
  model: Model,
  rows: GenerateRow[],
  signal?: AbortSignal,
): Promise<{ answers: GeneratedAnswer[]; timings: GenerateTimings }> {
  const { base } = model;
  const { tokenizer, chatTemplate } = base.text();
  const fills = rows.map(({ gap, settings }) => gap && fillGap(model, gap, settings));
  const prompts = rows.map(
    (r, i) => fills[i]?.ids ?? promptIds(tokenizer, chatTemplate, r.messages, r.settings.thinking),
  );
  for (const p of prompts)
    if (p.length >= base.config.maxLength)
      throw new WorkbenchError(
        'badRequest',
        `the prompt has ${p.length} tokens; the base's context holds ${base.config.maxLength} for prompt and answer`,
        'Shorten the prompt, or use a base with a longer context.',
      );
  const room = Math.max(
    ...prompts.map((p, i) => Math.min(p.length + rows[i]!.settings.maxTokens, base.config.maxLength)),
  );
  const longest = Math.max(...prompts.map(p => p.length));
  let cache = createKvCache(
    base.config,
    rows.length,
    keepsCaches(model.device) ? room : Math.min(room, longest + roomStep),
  );
  const all = inBankOrder(
    rows.map((r, index) => activeRow(model, r, index, prompts[index]!, fills[index])),
    model.bank.names(),
  );

  const started = performance.now();
  const tellShares = (shares: Float32Array) => {
    const size = shares.length / all.length;
    for (const [b, { index }] of all.entries()) {
      const prompt = prompts[index]!;
      rows[index]!.onShares?.(prompt, shares.subarray(b * size, b * size + (size / longest) * prompt.length));
    }
  };
  const first = await model.run(
    all.map(r => prompts[r.index]!),
    all.map(() => 0),
    all.map(r => r.weights),
    cache,
    { onShares: rows.some(r => r.onShares) ? tellShares : undefined },
  );
  const prefillMs = performance.now() - started;
  for (const row of all) row.past = prompts[row.index]!.length;
  let live = await takeTokens(all, first, base.config.vocab, signal);
  let inCache = all;
  while (live.length > 0) {
    // Copying the cache costs about as much as a step; rows are dropped when half of them have ended.
    const kept = live.length <= inCache.length / 2 ? live : inCache;
    const needed = Math.max(...kept.map(r => r.past)) + 1;
    const length = needed > cache.length ? Math.min(room, needed + roomStep) : cache.length;
    if (kept !== inCache || length !== cache.length) {
      const places = kept.map(r => inCache.indexOf(r));
      cache = await keepRows(cache, places, length);
      inCache = kept;
    }
    const tokens = inCache.map(r => [r.next]);
    const logits = await model.run(
      tokens,
      inCache.map(r => r.past),
      inCache.map(r => r.weights),
      cache,
    );
    for (const row of live) row.past++;
    const vocab = base.config.vocab;
    const own = live.map(r => inCache.indexOf(r));
    live = await takeTokens(live, logits, vocab, signal, own);
  }
  releaseCache(cache);
  const answers = [...all].sort((a, b) => a.index - b.index).map(r => r.answer);
  return { answers, timings: { prefillMs, decodeMs: performance.now() - started - prefillMs } };
}

/** The prompt of a gap; at most half of the window is kept for the answer. */
export function fillGap(
  { base }: Pick<Model, 'base'>,
  gap: Gap,
  { maxTokens }: Pick<GenerationSettings, 'maxTokens'>,
): FillPrompt {
  const { maxLength } = base.config;
  return fillPrompt(base.text().tokenizer, gap, maxLength - Math.min(maxTokens, Math.floor(maxLength / 2)));
}

/** Rows in the order in which the bank holds their experts: factors that lie in the order of the rows are not copied. */
function inBankOrder(rows: ActiveRow[], names: string[]): ActiveRow[] {
  const first = ({ weights }: ActiveRow) => names.findIndex(name => (weights[name] ?? 0) !== 0);
  return [...rows].sort((a, b) => first(a) - first(b));
}

function activeRow(model: Model, row: GenerateRow, index: number, prompt: number[], fill?: FillPrompt): ActiveRow {
  const { base } = model;
  const { tokenizer, stopIds } = base.text();
  return {
    index,
    weights: row.weights,
    onText: row.onText,
    history: [...prompt],
    past: 0,
    next: 0,
    sampler: createSampler(row.settings),
    stream: createAnswerStream(tokenizer, {
      stopIds: [...stopIds, ...(fill?.stopIds ?? [])],
      ...(fill && { said: fill.said }),
      stop: row.settings.stop,
      maxTokens: row.settings.maxTokens,
      contextLeft: base.config.maxLength - prompt.length,
    }),
    answer: { text: '', finish: 'length', promptTokens: prompt.length, answerTokens: 0 },
  };
}

/** Samples one token for every row, hands its text on, and gives the rows that go on. */
async function takeTokens(
  live: ActiveRow[],
  logits: Float32Array,
  vocab: number,
  signal?: AbortSignal,
  at?: number[],
): Promise<ActiveRow[]> {
  // An execution blocks the thread. Here the process reads what came meanwhile, a cancellation perhaps.
  await readMessages();
  const goOn: ActiveRow[] = [];
  for (const [i, row] of live.entries()) {
    const place = at?.[i] ?? i;
    const delta = signal?.aborted
      ? row.stream.end('cancelled')
      : row.stream.push((row.next = row.sampler(logits.subarray(place * vocab, (place + 1) * vocab), row.history)));
    if (!signal?.aborted) {
      row.history.push(row.next);
      row.answer.answerTokens++;
    }
    row.answer.text += delta.text;
    if (delta.text) row.onText?.(delta.text);
    if (delta.finish) row.answer.finish = delta.finish;
    else goOn.push(row);
  }
  return goOn;
}
