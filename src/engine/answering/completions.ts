import type { CompleteRequest, CompleteResult } from '../../protocol/engine/completing.ts';
import { WorkbenchError } from '../../protocol/errors.ts';
import { type ContinuousBatch, createContinuousBatch } from '../runtime/continuousBatch.ts';
import type { Model } from '../runtime/model.ts';
import { ahead, readMessages } from '../runtime/precedence.ts';
import { createPrefixCache, type PrefixCache } from '../runtime/prefixCache.ts';
import type { EngineCall } from '../workbench/request.ts';
import type { RequestQueue } from '../workbench/requestQueue.ts';
import type { Workbench } from '../workbench/workbench.ts';
import { type Answering, openAnsweringBeside } from './openAnswering.ts';

/** A request that has not been answered. */
export interface Completion {
  request: CompleteRequest;
  call: EngineCall<'complete'>;
  /** When it came, by `performance.now`. */
  came: number;
}

/** Adds the rows of a request to a batch, and gives its result when they have ended. */
export type Begin = (
  completion: Completion,
  answering: Answering,
  batch: ContinuousBatch,
  workbench: Workbench,
) => Promise<{ result: Promise<CompleteResult> }>;

/** Answers requests together, as far as they go together. */
export interface Completions {
  /** Throws `busy` where too many wait, and the signal's reason where it aborts while the request waits. */
  complete(workbench: Workbench, request: CompleteRequest, call: EngineCall<'complete'>): Promise<CompleteResult>;
}

/** Bytes of keys and values of texts that were read before. */
const prefixLimit = 256e6;

interface Waiting extends Completion {
  resolve(result: CompleteResult | PromiseLike<CompleteResult>): void;
  reject(error: unknown): void;
}

/**
 * Requests wait in one line, and enter the batch between two of its steps, in their order. One that needs another base, or
 * an adapter under a name that is in use for another, waits until the batch has ended, and those behind it with it. So it
 * is when other work waits for the model.
 */
export function createCompletions(lane: RequestQueue, begin: Begin, limit = 256): Completions {
  let waiting: Waiting[] = [];
  let isRunning = false;
  const prefixes = new WeakMap<Model, PrefixCache>();

  const prefixesOf = (model: Model) => {
    const known = prefixes.get(model) ?? createPrefixCache(model.base.config, prefixLimit);
    prefixes.set(model, known);
    return known;
  };

  /** Takes requests in while they fit the batch; the first of all makes it. */
  const admit = async (workbench: Workbench, batch: ContinuousBatch | undefined, model: Model | undefined) => {
    let [current, opened] = [batch, model];
    while (waiting.length > 0) {
      const [first] = waiting as [Waiting];
      try {
        if (current && lane.isWaitedFor()) break;
        const goesOn = current && current.size() > 0 ? current : undefined;
        if (goesOn && !goesOn.hasRoom()) break;
        const answering = await openAnsweringBeside(workbench, first.request, first.call, goesOn?.inUse());
        if (!answering) break;
        if (!current || answering.model !== opened) {
          opened = answering.model;
          current = createContinuousBatch(opened, prefixesOf(opened));
        }
        const { result } = await begin(first, answering, current, workbench);
        first.resolve(result);
      } catch (error) {
        first.reject(error);
      }
      waiting = waiting.filter(each => each !== first);
    }
    return { batch: current, model: opened };
  };

  const answerAll = async (workbench: Workbench) => {
    let now = await admit(workbench, undefined, undefined);
    while (now.batch && now.batch.size() > 0) {
      await now.batch.step();
      // An execution blocks the thread. Here the process reads what came meanwhile.
      await readMessages();
      now = await admit(workbench, now.batch, now.model);
    }
  };

  const run = async (workbench: Workbench) => {
    isRunning = true;
    try {
      while (waiting.length > 0) await lane.run(() => ahead(() => answerAll(workbench)), new AbortController().signal);
    } catch (error) {
      for (const each of waiting) each.reject(error);
      waiting = [];
    } finally {
      isRunning = false;
    }
  };

  return {
    complete(workbench, request, call) {
      if (waiting.length >= limit)
        throw new WorkbenchError(
          'busy',
          `${limit} requests are waiting already`,
          'Try again when some of them are done.',
        );
      call.signal.throwIfAborted();
      return new Promise((resolve, reject) => {
        const job = { request, call, came: performance.now(), resolve, reject };
        call.signal.addEventListener(
          'abort',
          () => {
            if (!waiting.includes(job)) return;
            waiting = waiting.filter(each => each !== job);
            reject(call.signal.reason);
          },
          { once: true },
        );
        waiting.push(job);
        if (!isRunning) void run(workbench);
      });
    },
  };
}
