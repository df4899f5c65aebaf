/**
 * The probability that a token of an output projection reaches for some state, by conditional gradients on the sphere of
 * states (Frank & Wolfe 1956): from the token's own direction towards what parts it from its likeliest rivals. What is
 * reached is a lower bound of what can be.
 * @param rows [count, width]: the projection's rows times the last norm's weight and √width.
 */
export function reachedProbability(rows: Float32Array, width: number, token: number, enough: number): number {
  const count = rows.length / width;
  const row = (i: number) => rows.subarray(i * width, (i + 1) * width);
  const own = row(token);
  const state = unit(own);
  let best = 0;
  for (let step = 0; step < 60; step++) {
    const logits = Float64Array.from({ length: count }, (_, i) => dot(row(i), state));
    const highest = logits.reduce((a, b) => Math.max(a, b));
    const shares = logits.map(logit => Math.exp(logit - highest));
    const total = shares.reduce((a, b) => a + b);
    best = Math.max(best, shares[token]! / total);
    if (best >= enough) break;
    const slope = Float64Array.from(own);
    shares.forEach((share, i) => {
      if (share / total > 1e-9) row(i).forEach((x, k) => (slope[k]! -= (share / total) * x));
    });
    const target = unit(slope);
    const pace = 2 / (step + 3);
    state.set(unit(state.map((x, k) => (1 - pace) * x + pace * target[k]!)));
  }
  return best;
}

const dot = (a: ArrayLike<number>, b: ArrayLike<number>): number => {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
};

function unit(x: Float32Array | Float64Array): Float64Array {
  const length = Math.sqrt(dot(x, x));
  return Float64Array.from(x, v => v / length);
}
