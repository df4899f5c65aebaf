/** The logits of one prompt, and its target distribution. */
export interface Judged {
  logits: number[];
  target: number[];
}

/**
 * The temperature that makes held-out targets most likely (Guo et al. 2017, 'On Calibration of Modern Neural
 * Networks'), found by golden-section search: the loss is convex in 1/temperature.
 */
export function fitTemperature(judged: Judged[], lowest = 0.2, highest = 5): number {
  const ratio = (Math.sqrt(5) - 1) / 2;
  let low = 1 / highest;
  let high = 1 / lowest;
  while (high - low > 1e-4) {
    const a = high - ratio * (high - low);
    const b = low + ratio * (high - low);
    if (crossEntropy(judged, a) < crossEntropy(judged, b)) high = b;
    else low = a;
  }
  return 2 / (low + high);
}

function crossEntropy(judged: Judged[], sharpness: number): number {
  let loss = 0;
  for (const { logits, target } of judged) {
    const top = Math.max(...logits) * sharpness;
    const total = logits.reduce((sum, logit) => sum + Math.exp(logit * sharpness - top), 0);
    const logTotal = top + Math.log(total);
    for (let c = 0; c < logits.length; c++) loss += target[c]! * (logTotal - logits[c]! * sharpness);
  }
  return loss;
}
