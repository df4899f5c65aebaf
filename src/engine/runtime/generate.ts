import type { Gap } from '../../nn/tokenizer/fillPrompt.ts';
import { type Conversation, toolPrompt } from '../../nn/tokenizer/toolPrompt.ts';
import type { GenerationSettings } from '../../recipe/schema.ts';
import type { Weights } from './adapterBank.ts';
import { cancelRow, type DecodeRow, type GeneratedAnswer, roomOf, roomStep, startRow, takeToken } from './decodeRow.ts';
import { fillGap } from './fillGap.ts';
import { arrangeRows, createKvCache, releaseCache } from './kvCache.ts';
import { keepsCaches, type Model } from './model.ts';
import { readMessages } from './precedence.ts';

/** One prompt to be answered. */
export interface GenerateRow extends Conversation {
  /** What is to be filled in place of a conversation. */
  gap?: Gap;
  weights: Weights;
  settings: GenerationSettings;
  onText?(delta: string): void;
  /** Told before the first text how the token gates share the prompt's tokens, [tokens, experts], where the model has gates. */
  onShares?(prompt: number[], shares: Float32Array): void;
}

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
  const text = base.text();
  const given = rows.map(({ gap, weights, settings, onText, ...conversation }) => {
    const fill = gap && fillGap(model, gap, settings);
    if (fill) return startRow(base.config, text, { prompt: fill.ids, fill, weights, settings, onText });
    const { prompt, calls } = toolPrompt(text.tokenizer, text.chatTemplate, conversation, settings.thinking);
    return startRow(base.config, text, {
      prompt,
      weights,
      settings,
      onText,
      shownIds: calls?.specialIds,
      endsRepeats: true,
    });
  });
  const room = Math.max(...given.map(r => roomOf(r.request, base.config)));
  const longest = Math.max(...given.map(r => r.request.prompt.length));
  let cache = createKvCache(
    base.config,
    rows.length,
    keepsCaches(model.device) ? room : Math.min(room, longest + roomStep),
  );
  const all = inBankOrder(given, model.bank.names());

  const started = performance.now();
  const tellShares = (shares: Float32Array) => {
    const size = shares.length / all.length;
    for (const [b, row] of all.entries()) {
      const { prompt } = row.request;
      rows[given.indexOf(row)]!.onShares?.(
        prompt,
        shares.subarray(b * size, b * size + (size / longest) * prompt.length),
      );
    }
  };
  const first = await model.run(
    all.map(r => r.request.prompt),
    all.map(() => 0),
    all.map(r => r.weights),
    cache,
    { onShares: rows.some(r => r.onShares) ? tellShares : undefined },
  );
  const prefillMs = performance.now() - started;
  for (const row of all) row.past = row.request.prompt.length;
  const { vocab } = base.config;
  let live = await takeTokens(all, first, vocab, signal);
  let inCache = all;
  while (live.length > 0) {
    // Copying the cache costs about as much as a step; rows are dropped when half of them have ended.
    const kept = live.length <= inCache.length / 2 ? live : inCache;
    const needed = Math.max(...kept.map(r => r.past)) + 1;
    const length = needed > cache.length ? Math.min(room, needed + roomStep) : cache.length;
    if (kept !== inCache || length !== cache.length) {
      const before = cache;
      const places = kept.map(r => ({ cache: before, row: inCache.indexOf(r) }));
      cache = await arrangeRows(places, length);
      releaseCache(before);
      inCache = kept;
    }
    const logits = await model.run(
      inCache.map(r => [r.next]),
      inCache.map(r => r.past),
      inCache.map(r => r.weights),
      cache,
    );
    for (const row of live) row.past++;
    const own = live.map(r => inCache.indexOf(r));
    live = await takeTokens(live, logits, vocab, signal, own);
  }
  releaseCache(cache);
  return {
    answers: given.map(r => r.answer),
    timings: { prefillMs, decodeMs: performance.now() - started - prefillMs },
  };
}

/** Rows in the order in which the bank holds their experts: factors that lie in the order of the rows are not copied. */
function inBankOrder(rows: DecodeRow[], names: string[]): DecodeRow[] {
  const first = ({ weights }: DecodeRow) => names.findIndex(name => (weights[name] ?? 0) !== 0);
  return [...rows].sort((a, b) => first(a) - first(b));
}

/** Samples one token for every row, hands its text on, and gives the rows that go on. */
async function takeTokens(
  live: DecodeRow[],
  logits: Float32Array,
  vocab: number,
  signal?: AbortSignal,
  at?: number[],
): Promise<DecodeRow[]> {
  // An execution blocks the thread. Here the process reads what came meanwhile, a cancellation perhaps.
  await readMessages();
  return live.filter((row, i) => {
    const place = at?.[i] ?? i;
    if (!signal?.aborted) return takeToken(row, logits.subarray(place * vocab, (place + 1) * vocab));
    cancelRow(row);
    return false;
  });
}
