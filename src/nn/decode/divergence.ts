/** log Σ exp(logits), summed in double precision. */
function logSumExp(logits: ArrayLike<number>): number {
  let max = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < logits.length; i++) max = Math.max(max, logits[i]!);
  let sum = 0;
  for (let i = 0; i < logits.length; i++) sum += Math.exp(logits[i]! - max);
  return max + Math.log(sum);
}

/** log softmax(logits). */
export function logProbabilities(logits: ArrayLike<number>): Float64Array {
  const shift = logSumExp(logits);
  return Float64Array.from(logits, x => x - shift);
}

/** log softmax(logits)[id]; `logits` `[vocab]`. */
export function logProbability(logits: Float32Array, id: number): number {
  return logits[id]! - logSumExp(logits);
}

/**
 * KL(p ‖ q) = Σ pᵢ (log pᵢ − log qᵢ) in nats, of two distributions given by their log-probabilities (Kullback & Leibler
 * 1951): the expected log-ratio under p. Never negative: rounding errors of equal distributions are cut to 0.
 */
export function klDivergence(p: Float64Array, q: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < p.length; i++) sum += Math.exp(p[i]!) * (p[i]! - q[i]!);
  return Math.max(0, sum);
}
