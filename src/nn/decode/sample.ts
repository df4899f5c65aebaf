import { WorkbenchError } from '../../protocol/errors.ts';
import { Random } from '../tensor/random.ts';

/** How the next token is chosen. The recipe's schema and the requests' schemas check the ranges. */
export interface SamplerSettings {
  /** Logits are divided by it; 0 takes the best token each time (greedy). */
  temperature: number;
  /** Only the k best tokens may be drawn; 0 for all (Fan et al. 2018). */
  topK: number;
  /** Only the smallest set of tokens that holds this probability may be drawn; 1 for all (Holtzman et al. 2020). */
  topP: number;
  /** Above 1 makes tokens of the prompt and the answer so far less likely; 1 for none (Keskar et al. 2019, CTRL). */
  repetitionPenalty: number;
  /** Seed of the random draws: the same seed gives the same answer. */
  seed: number;
}

/**
 * Picks the next token from `logits` `[vocab]`, which it leaves unchanged. `history` is every id so far, the prompt's
 * included; only the repetition penalty looks at it. Where there is a `mask`, tokens whose bit is not set (token i in
 * word i >> 5 at bit i & 31) and those beyond its last word do not count: as if the model had not such tokens.
 */
export type Sampler = (logits: Float32Array, history: readonly number[], mask?: Int32Array) => number;

/**
 * A sampler with the order and the rules of transformers' logits processors: repetition penalty, temperature, top-k
 * (ties with the k-th are kept), top-p. Each sampler has its own random numbers and scratch memory: one per answer.
 * @throws WorkbenchError `runtime` when called with logits that hold no finite number, among those that count.
 */
export function createSampler({ temperature, topK, topP, repetitionPenalty, seed }: SamplerSettings): Sampler {
  const random = new Random(seed);
  let scratch = new Float32Array(0);

  const penalised = (logits: Float32Array, history: readonly number[], mask?: Int32Array) => {
    if (scratch.length !== logits.length) scratch = new Float32Array(logits.length);
    scratch.set(logits);
    if (mask) leaveOut(scratch, mask);
    if (repetitionPenalty === 1) return scratch;
    // Reading the untouched logits makes a repeated id count once.
    for (const id of history) {
      const logit = logits[id];
      if (logit !== undefined && isAllowed(mask, id))
        scratch[id] = logit < 0 ? logit * repetitionPenalty : logit / repetitionPenalty;
    }
    return scratch;
  };

  if (temperature === 0) {
    return (logits, history, mask) => {
      if (repetitionPenalty !== 1) return argmax(penalised(logits, history, mask));
      return mask ? maskedArgmax(logits, mask) : argmax(logits);
    };
  }
  return (logits, history, mask) => {
    const scores = penalised(logits, history, mask);
    const max = scores[argmax(scores)]!;
    const floor = topK > 0 && topK < scores.length ? kthLargest(scores, topK) : -Infinity;
    // Probabilities, not yet divided by their sum, take the place of the scores.
    let total = 0;
    for (let i = 0; i < scores.length; i++) {
      const score = scores[i]!;
      const p = score >= floor ? Math.exp((score - max) / temperature) : 0;
      scores[i] = p;
      total += scores[i]!;
    }
    return draw(scores, topP < 1 ? cutTail(scores, total, topP) : total, random);
  };
}

/** The first index of the largest number. */
export function argmax(values: ArrayLike<number>): number {
  let best = -1;
  let max = -Infinity;
  for (let i = 0; i < values.length; i++) {
    if (values[i]! > max) {
      max = values[i]!;
      best = i;
    }
  }
  if (best < 0 || max === Infinity) throw notFinite();
  return best;
}

/** As argmax, among the indices whose bits are set. */
function maskedArgmax(values: Float32Array, mask: Int32Array): number {
  let best = -1;
  let max = -Infinity;
  for (let w = 0; w < mask.length; w++)
    for (let i = w * 32, word = mask[w]!; word !== 0 && i < values.length; i++, word >>>= 1) {
      if ((word & 1) === 0 || !(values[i]! > max)) continue;
      max = values[i]!;
      best = i;
    }
  if (best < 0 || max === Infinity) throw notFinite();
  return best;
}

/** Without the scores whose bits are not set. */
function leaveOut(scores: Float32Array, mask: Int32Array): void {
  for (let i = 0; i < scores.length; ) {
    const word = mask[i >> 5] ?? 0;
    const end = Math.min(scores.length, i + 32);
    if (word === -1) i = end;
    else for (; i < end; i++) if ((word & (1 << (i & 31))) === 0) scores[i] = -Infinity;
  }
}

function isAllowed(mask: Int32Array | undefined, id: number): boolean {
  return !mask || ((mask[id >> 5] ?? 0) & (1 << (id & 31))) !== 0;
}

function notFinite(): WorkbenchError {
  return new WorkbenchError(
    'runtime',
    'The model gave no finite logits.',
    'An adapter may have diverged in training: lower its weight, or train it again with a smaller learning rate.',
  );
}

/** The k-th largest value, by a heap whose root is the smallest of the k best so far. */
function kthLargest(values: Float32Array, k: number): number {
  const heap = new Float32Array(k).fill(-Infinity);
  for (const value of values) {
    if (!(value > heap[0]!)) continue;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= k) break;
      if (child + 1 < k && heap[child + 1]! < heap[child]!) child++;
      if (heap[child]! >= value) break;
      heap[at] = heap[child]!;
      at = child;
    }
    heap[at] = value;
  }
  return heap[0]!;
}

/**
 * Sets to zero the least likely tokens that together hold at most `1 - topP` of the probability, and returns what is
 * left of `total`. Ties with the least likely token that stays stay too.
 */
function cutTail(probabilities: Float32Array, total: number, topP: number): number {
  const budget = (1 - topP) * total;
  // All tokens up to this together stay within the budget, so that only the rest has to be sorted.
  const negligible = budget / probabilities.length;
  let cut = 0;
  for (const p of probabilities) if (p <= negligible) cut += p;
  const rest = probabilities.filter(p => p > negligible).sort();
  let least = 0;
  while (least < rest.length - 1 && cut + rest[least]! <= budget) cut += rest[least++]!;
  let left = 0;
  for (let i = 0; i < probabilities.length; i++) {
    if (probabilities[i]! < rest[least]!) probabilities[i] = 0;
    left += probabilities[i]!;
  }
  return left;
}

function draw(probabilities: Float32Array, total: number, random: Random): number {
  const target = random.uniform() * total;
  let sum = 0;
  let last = 0;
  for (let i = 0; i < probabilities.length; i++) {
    const p = probabilities[i]!;
    if (p === 0) continue;
    sum += p;
    last = i;
    if (target < sum) break;
  }
  return last;
}
