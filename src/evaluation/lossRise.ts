/**
 * How far a system's loss a token is above another's on the same texts, in nats, with half of the 95 % interval over
 * texts: each text's own difference is compared, so that what makes a text hard for both counts nothing (the variance of
 * a ratio of sums; Cochran, Sampling Techniques, 1977, §6.4). `tokens` holds the tokens of each text.
 */
export function lossRise(
  of: readonly number[],
  over: readonly number[],
  tokens: readonly number[],
): { rise: number; halfWidth: number } {
  const n = tokens.length;
  const all = tokens.reduce((a, b) => a + b, 0);
  const differences = of.map((nats, i) => nats - over[i]!);
  const rise = differences.reduce((a, b) => a + b, 0) / all;
  const squares = differences.reduce((sum, d, i) => sum + (d - rise * tokens[i]!) ** 2, 0);
  const variance = n > 1 ? (n / (n - 1)) * (squares / all ** 2) : Number.NaN;
  return { rise, halfWidth: 1.96 * Math.sqrt(variance) };
}
