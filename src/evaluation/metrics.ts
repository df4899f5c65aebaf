import { WorkbenchError } from '../protocol/errors.ts';

/** A share with its confidence interval; all from 0 to 1. */
export interface Accuracy {
  correct: number;
  total: number;
  /** `correct / total`; 0 where nothing was asked. */
  accuracy: number;
  low: number;
  high: number;
}

// Two-sided 95 % quantile of the normal distribution.
const z95 = 1.959963984540054;

/**
 * Accuracy with its 95 % score interval (Wilson 1927), which stays inside 0 to 1 and is right for few questions too.
 * Of no questions at all nothing is known: 0 to 1.
 */
export function accuracyOf(correct: number, total: number): Accuracy {
  if (total === 0) return { correct, total, accuracy: 0, low: 0, high: 1 };
  const p = correct / total;
  const z2 = z95 * z95;
  const centre = (p + z2 / (2 * total)) / (1 + z2 / total);
  const half = (z95 / (1 + z2 / total)) * Math.sqrt((p * (1 - p)) / total + z2 / (4 * total * total));
  // At the ends the exact bounds are 0 and 1; rounding misses them by a hair.
  const low = correct === 0 ? 0 : Math.max(0, centre - half);
  const high = correct === total ? 1 : Math.min(1, centre + half);
  return { correct, total, accuracy: p, low, high };
}

export interface ConfusionMatrix {
  /** In order of first appearance, expected ones before those only predicted. */
  labels: string[];
  /** `[expected, predicted]`, both in the order of `labels`. */
  counts: number[][];
}

export function confusionMatrix(pairs: readonly { expected: string; predicted: string }[]): ConfusionMatrix {
  const labels = [...new Set([...pairs.map(pair => pair.expected), ...pairs.map(pair => pair.predicted)])];
  const index = new Map(labels.map((label, i) => [label, i]));
  const counts = labels.map(() => labels.map(() => 0));
  for (const { expected, predicted } of pairs) counts[index.get(expected)!]![index.get(predicted)!]!++;
  return { labels, counts };
}

export interface Calibration {
  /** Expected calibration error, 0 to 1. */
  error: number;
  /** `bins` bins of equal width over the confidence; empty ones have zeros. */
  bins: { count: number; confidence: number; accuracy: number }[];
}

/**
 * Expected calibration error: the mean over equally wide bins of |accuracy − mean confidence|, weighted by the bins'
 * counts (Guo et al. 2017, eq. 5).
 * @throws WorkbenchError `badRequest` for a confidence outside 0 to 1.
 */
export function calibrationOf(outcomes: readonly { confidence: number; correct: boolean }[], bins = 15): Calibration {
  const sums = Array.from({ length: bins }, () => ({ count: 0, confidence: 0, correct: 0 }));
  for (const { confidence, correct } of outcomes) {
    if (!(confidence >= 0 && confidence <= 1)) {
      throw new WorkbenchError('badRequest', `A confidence must be from 0 to 1, got ${confidence}.`);
    }
    // Bins are open below and closed above: (0, 1/M], …, ((M − 1)/M, 1]. Zero joins the first.
    const bin = sums[Math.max(0, Math.ceil(confidence * bins) - 1)]!;
    bin.count++;
    bin.confidence += confidence;
    bin.correct += correct ? 1 : 0;
  }
  const error = sums.reduce((sum, bin) => sum + Math.abs(bin.correct - bin.confidence), 0) / (outcomes.length || 1);
  return {
    error,
    bins: sums.map(({ count, confidence, correct }) => ({
      count,
      confidence: count && confidence / count,
      accuracy: count && correct / count,
    })),
  };
}

/** How much better or worse one share is than another, with its confidence interval; all from −1 to 1. */
export interface AccuracyDifference {
  /** `to − from`. */
  difference: number;
  low: number;
  high: number;
  /** The interval leaves zero out. */
  beyondNoise: boolean;
}

/**
 * The difference of two shares with its 95 % interval, made of both shares' score intervals (Newcombe 1998, method 10). It
 * takes the shares for independent. Where both systems were asked the same questions, the real interval is narrower, so
 * that nothing is called beyond noise that is not.
 */
export function accuracyDifference(from: Accuracy, to: Accuracy): AccuracyDifference {
  const difference = to.accuracy - from.accuracy;
  const low = difference - Math.hypot(to.accuracy - to.low, from.high - from.accuracy);
  const high = difference + Math.hypot(to.high - to.accuracy, from.accuracy - from.low);
  return { difference, low, high, beyondNoise: from.total > 0 && to.total > 0 && (low > 0 || high < 0) };
}

/** How much larger one mean is than another, with its confidence interval. */
export interface MeanDifference {
  /** `to − from`. */
  difference: number;
  low: number;
  high: number;
}

/**
 * The difference of two weighted means over the same items, such as losses per token over the same texts, with its 95 %
 * interval: that of a ratio of sums, of the items' own differences (Cochran 1977, §2.11), by Student's distribution, so that
 * few items do not pass for many. All three have the length of the items; of fewer than two nothing is known.
 */
export function pairedDifference(
  from: readonly number[],
  to: readonly number[],
  weights: readonly number[],
): MeanDifference {
  const n = weights.length;
  const whole = weights.reduce((a, b) => a + b, 0);
  const differences = weights.map((weight, i) => weight * (to[i]! - from[i]!));
  const difference = differences.reduce((a, b) => a + b, 0) / whole;
  const squares = differences.reduce((sum, d, i) => sum + (d - difference * weights[i]!) ** 2, 0);
  const half = n < 2 ? Number.POSITIVE_INFINITY : (t95(n - 1) * Math.sqrt((squares * n) / (n - 1))) / whole;
  return { difference, low: difference - half, high: difference + half };
}

/**
 * Two-sided 95 % quantile of Student's distribution: of one and two degrees of freedom in closed form, beyond by the expansion
 * about the normal quantile (Abramowitz & Stegun 26.7.5), within 0.1 %.
 */
function t95(degrees: number): number {
  if (degrees === 1) return Math.tan(0.475 * Math.PI);
  if (degrees === 2) return 0.95 * Math.sqrt(2 / (1 - 0.95 ** 2));
  const z = z95;
  const terms = [
    (z ** 3 + z) / 4,
    (5 * z ** 5 + 16 * z ** 3 + 3 * z) / 96,
    (3 * z ** 7 + 19 * z ** 5 + 17 * z ** 3 - 15 * z) / 384,
    (79 * z ** 9 + 776 * z ** 7 + 1482 * z ** 5 - 1920 * z ** 3 - 945 * z) / 92_160,
  ];
  return terms.reduce((sum, term, i) => sum + term / degrees ** (i + 1), z);
}
