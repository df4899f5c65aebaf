import type { Context } from 'hono';
import type { CompleteProgress, CompleteRequest, CompleteResult } from '../../protocol/engine/completing.ts';
import { WorkbenchError } from '../../protocol/errors.ts';
import { eventStream } from '../http/eventStream.ts';
import type { Metrics } from '../http/metrics.ts';
import type { Served } from '../models/served.ts';
import type { ServerEngine } from '../models/serverEngine.ts';
import { type AnswerForm, completionTokens } from './answerForm.ts';

/** What all endpoints share. */
export interface Serving {
  engine: ServerEngine;
  served: Served;
  metrics: Metrics;
  /** Of each call under way; aborted when the server ends. */
  underWay: Set<AbortController>;
}

/** What is asked with one call of the API. */
export interface Asked {
  model: string;
  requests: CompleteRequest[];
  stream: boolean;
  form: AnswerForm;
}

/** Has the engine answer, and hands on what it says; a client that goes away gives the requests up. */
export async function answerCall(c: Context, serving: Serving, asked: Asked): Promise<Response> {
  const { requests, stream, form } = asked;
  // Counted by names, of which there are few; weights are written in any number of ways.
  const model = asked.model.startsWith('weights:') ? 'weights' : asked.model;
  c.set('model', model);
  const { underWay, metrics } = serving;
  const abort = new AbortController();
  const isGone = c.req.raw.signal;
  const giveUp = () => abort.abort();
  isGone.addEventListener('abort', giveUp, { once: true });
  if (isGone.aborted) giveUp();
  underWay.add(abort);
  const answers = async (onProgress: (told: CompleteProgress, prompt: number) => void, onEnd: OnEnd) => {
    try {
      return await Promise.all(
        requests.map(async (request, prompt) => {
          const result = await answer(serving, model, request, abort.signal, told => onProgress(told, prompt));
          onEnd(result, prompt);
          return result;
        }),
      );
    } catch (error) {
      // Those beside it are of no use any more.
      giveUp();
      throw error;
    } finally {
      underWay.delete(abort);
      isGone.removeEventListener('abort', giveUp);
      if (isGone.aborted) metrics.add('requests_cancelled_total', { model });
    }
  };
  if (!stream)
    return c.json(
      form.whole(
        await answers(
          () => {},
          () => {},
        ),
      ) as object,
    );
  return eventStream(async send => {
    const sendAll = (events: unknown[]) => events.forEach(send);
    let hasBegun = false;
    const begin = () => {
      if (!hasBegun) sendAll(form.begin());
      hasBegun = true;
    };
    const results = await answers(
      (told, prompt) => {
        const events = form.piece(told, prompt);
        if (events.length > 0) begin();
        sendAll(events);
      },
      (result, prompt) => {
        begin();
        sendAll(form.end(result, prompt));
      },
    );
    sendAll(form.close(results));
  }, giveUp);
}

type OnEnd = (result: CompleteResult, prompt: number) => void;

/**
 * One request of the engine, counted until the engine is done with it. Once it is given up nobody waits for that; an
 * answer that the engine ended before its end is none.
 */
async function answer(
  { engine, metrics }: Serving,
  model: string,
  request: CompleteRequest,
  signal: AbortSignal,
  onProgress: (told: CompleteProgress) => void,
): Promise<CompleteResult> {
  let state: 'requests_waiting' | 'requests_running' = 'requests_waiting';
  metrics.add(state, {});
  const asking = engine
    .request('complete', request, {
      signal,
      onProgress(told) {
        if (state === 'requests_waiting' && told.kind !== 'work' && told.kind !== 'route') {
          metrics.add(state, {}, -1);
          state = 'requests_running';
          metrics.add(state, {});
        }
        if (!signal.aborted) onProgress(told);
      },
    })
    .finally(() => metrics.add(state, {}, -1));
  void asking.then(
    result => count(metrics, model, result),
    () => {},
  );
  const result = await Promise.race([asking, aborted(signal)]);
  if (result.answers.some(({ finish }) => finish === 'cancelled'))
    throw new WorkbenchError('engineLost', 'the engine was ended before the answer was complete');
  return result;
}

/** Rejects when the signal aborts. */
function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    if (signal.aborted) reject(signal.reason);
    else signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
}

function count(metrics: Metrics, model: string, result: CompleteResult): void {
  const { promptTokens, cachedTokens, timings } = result;
  metrics.add('prompt_tokens_total', { model }, promptTokens);
  metrics.add('cached_tokens_total', { model }, cachedTokens);
  metrics.add('completion_tokens_total', { model }, completionTokens(result));
  metrics.add('wait_seconds_total', {}, timings.waitMs / 1000);
  metrics.add('prefill_seconds_total', {}, timings.prefillMs / 1000);
  metrics.add('decode_seconds_total', {}, timings.decodeMs / 1000);
}
