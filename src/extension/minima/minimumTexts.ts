import type { Measured, MinimumCheck } from '../../protocol/engine/evaluating.ts';
import { count, interval, percent } from '../../text/numbers.ts';

/** `math on sums: 75.0 % right (30.1–95.4), 3 of 4`. */
export function measuredText({ system, set, score }: Measured): string {
  const { correct, total } = score;
  const share = percent(total === 0 ? 0 : correct / total);
  return `${system} on ${set}: ${share} right (95 % interval ${interval(score)}), ${count(correct)} of ${count(total)}`;
}

/** Why a test failed; undefined where it passed. */
export function missedText(measured: Measured, check: MinimumCheck | undefined): string | undefined {
  if (!check || check.isPassed) return undefined;
  const isWithin = check.minimum <= measured.score.high;
  const noise = isWithin ? ' The minimum lies within the interval: a larger set would tell more.' : '';
  return `${measuredText(measured)}; the minimum is ${percent(check.minimum)}.${noise}`;
}

/** A prompt on one line, short enough for a list. */
export function promptLine(prompt: string): string {
  const line = prompt.replace(/\s+/g, ' ').trim();
  return line.length > 80 ? `${line.slice(0, 79)}…` : line;
}
