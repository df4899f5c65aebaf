import type { Accuracy } from './metrics.ts';

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
