import { byToken } from './adapterBank.ts';
import {
  cancelRow,
  type DecodeRow,
  type GeneratedAnswer,
  type RowRequest,
  roomOf,
  roomStep,
  startRow,
  takeToken,
} from './decodeRow.ts';
import { arrangeRows, bytesPerToken, type CacheRow, createKvCache, type KvCache, releaseCache } from './kvCache.ts';
import type { Model } from './model.ts';
import type { PrefixCache } from './prefixCache.ts';

/** A row of a batch, and who waits for it. */
interface BatchRequest extends RowRequest {
  signal: AbortSignal;
  /** Told how the token gates share the tokens of the prompt that are read, [tokens, experts]. */
  onShares?: ((tokens: number[], shares: Float32Array) => void) | undefined;
}

interface BatchAnswer extends GeneratedAnswer {
  /** Tokens of the prompt that were known from an earlier text. */
  cachedTokens: number;
  prefillMs: number;
  decodeMs: number;
}

/**
 * Rows that are answered together, each from when it comes until it ends (continuous batching: Yu et al. 2022, Orca). Each
 * has weights of its own.
 */
export interface ContinuousBatch {
  /** Rows that have not ended. */
  size(): number;
  hasRoom(): boolean;
  /** Names that the weights of some row speak of. */
  inUse(): Set<string>;
  /**
   * Takes a row in. Throws `badRequest` where its prompt has no room in the base's context; the answer comes with later
   * steps, also when its signal aborts. It rejects with what an execution failed with.
   */
  add(request: BatchRequest): Promise<BatchAnswer>;
  /** Reads a piece of the next prompt, and takes one token of every row whose prompt has been read. */
  step(): Promise<void>;
}

interface Member {
  row: DecodeRow;
  request: BatchRequest;
  gates: string;
  /** Of its own, until its prompt has been read. */
  reading?: KvCache;
  answer: BatchAnswer;
  started: number;
  /** Lets the bank give its experts up. */
  release(): void;
  settle(error?: unknown): void;
}

/** Tokens of a prompt that are read between two tokens of the others. */
const pieceLength = 256;
const mostRows = 32;
/** Bytes of the keys and values of all rows together. */
const cacheLimit = 1e9;

export function createContinuousBatch(model: Model, prefixes: PrefixCache): ContinuousBatch {
  const { config } = model.base;
  /** Those whose prompts are to be read, in the order in which they came. */
  let reading: Member[] = [];
  let live: Member[] = [];
  /** The members in the cache, those that have ended among them. */
  let inCache: Member[] = [];
  let cache: KvCache | undefined;

  const all = () => [...live, ...reading];

  const end = (member: Member, error?: unknown) => {
    if (member.reading) releaseCache(member.reading);
    delete member.reading;
    Object.assign(member.answer, member.row.answer);
    const total = performance.now() - member.started;
    member.answer.decodeMs = member.row.past > 0 ? total - member.answer.prefillMs : 0;
    member.release();
    member.settle(error);
  };

  /** Puts rows side by side, with room for their next token. */
  const arrange = async (arranged: Member[], joining?: KvCache) => {
    // In the order of the bank: factors that lie in the order of the rows are not copied.
    const names = model.bank.names();
    const first = ({ row }: Member) => names.findIndex(name => (row.weights[name] ?? 0) !== 0);
    const members = [...arranged].sort((a, b) => first(a) - first(b));
    const needed = Math.max(...members.map(m => m.row.past)) + 1;
    const room = Math.max(...members.map(m => roomOf(m.request, config)));
    const rows: CacheRow[] = members.map(m => {
      const place = inCache.indexOf(m);
      return place < 0 ? { cache: joining!, row: 0 } : { cache: cache!, row: place };
    });
    const next = await arrangeRows(rows, Math.min(room, needed + roomStep));
    if (cache) releaseCache(cache);
    cache = next;
    inCache = members;
  };

  const takeNext = (member: Member, logits: Float32Array): boolean => {
    try {
      if (takeToken(member.row, logits)) return true;
      end(member);
    } catch (error) {
      end(member, error);
    }
    return false;
  };

  const readPiece = async (member: Member) => {
    const { row, request } = member;
    const { prompt } = request;
    try {
      if (!member.reading) {
        member.started = performance.now();
        member.reading = createKvCache(config, 1, prompt.length);
        // The shares of token gates are told of the whole prompt.
        const known = request.onShares ? undefined : prefixes.find(member.gates, prompt);
        if (known) {
          const own = await arrangeRows([{ cache: known.cache, row: 0 }], prompt.length);
          releaseCache(member.reading);
          member.reading = own;
          row.past = member.answer.cachedTokens = known.length;
        }
      }
      const piece = prompt.slice(row.past, request.onShares ? undefined : row.past + pieceLength);
      const logits = await model.run([piece], [row.past], [row.weights], member.reading, {
        onShares: shares => request.onShares?.(piece, shares),
      });
      row.past += piece.length;
      if (row.past < prompt.length) return;
      member.answer.prefillMs = performance.now() - member.started;
      reading = reading.filter(m => m !== member);
      await prefixes.keep(member.gates, prompt, { cache: member.reading, row: 0 });
      if (!takeNext(member, logits)) return;
      live = [...live, member];
      await arrange(live, member.reading);
      releaseCache(member.reading);
      delete member.reading;
    } catch (error) {
      reading = reading.filter(m => m !== member);
      live = live.filter(m => m !== member);
      end(member, error);
    }
  };

  const takeTokens = async () => {
    const needed = Math.max(...live.map(m => m.row.past)) + 1;
    // Copying the cache costs about as much as a step; rows are dropped when half of them have ended.
    if (live.length <= inCache.length / 2 || needed > cache!.length) await arrange(live);
    const logits = await model.run(
      inCache.map(m => [m.row.next]),
      inCache.map(m => m.row.past),
      inCache.map(m => m.row.weights),
      cache!,
    );
    for (const { row } of live) row.past++;
    const { vocab } = config;
    const goOn: Member[] = [];
    for (const member of live) {
      const place = inCache.indexOf(member);
      if (takeNext(member, logits.subarray(place * vocab, (place + 1) * vocab))) goOn.push(member);
      // What a conversation goes on with begins with its answer.
      else
        await prefixes.keep(member.gates, member.row.history.slice(0, member.row.past), { cache: cache!, row: place });
    }
    live = goOn;
  };

  const dropCancelled = () => {
    for (const member of all().filter(m => m.request.signal.aborted)) {
      reading = reading.filter(m => m !== member);
      live = live.filter(m => m !== member);
      cancelRow(member.row);
      end(member);
    }
  };

  return {
    size: () => live.length + reading.length,

    hasRoom() {
      const members = all();
      const room = Math.max(0, ...members.map(m => roomOf(m.request, config)));
      return members.length < mostRows && (members.length + 1) * room * bytesPerToken(config) < cacheLimit;
    },

    inUse() {
      const names = all().flatMap(m => Object.keys(m.row.weights).filter(name => m.row.weights[name] !== 0));
      const gated = names.includes(byToken) ? (model.bank.tokenGates()?.experts ?? []) : [];
      return new Set([...names, ...gated]);
    },

    add(request) {
      const row = startRow(config, model.base.text(), request);
      const gates = model.bank.contentKey(request.weights);
      return new Promise((resolve, reject) => {
        const answer = { ...row.answer, cachedTokens: 0, prefillMs: 0, decodeMs: 0 };
        const settle = (error?: unknown) => (error === undefined ? resolve(answer) : reject(error));
        const release = model.bank.hold(request.weights);
        reading.push({ row, request, gates, answer, started: performance.now(), release, settle });
      });
    },

    async step() {
      dropCancelled();
      if (reading.length > 0) await readPiece(reading[0]!);
      if (live.length === 0) {
        if (cache) releaseCache(cache);
        cache = undefined;
        inCache = [];
        return;
      }
      try {
        await takeTokens();
      } catch (error) {
        for (const member of live) end(member, error);
        live = [];
      }
    },
  };
}
