import type { MinimumCheck } from '../../protocol/engine/evaluating.ts';
import { interval, percent } from '../../text/numbers.ts';

/** A line for each minimum of a recipe: what was measured, and whether that is enough. */
export function minimumLines(checks: readonly MinimumCheck[]): string[] {
  return checks.map(({ set, system, minimum, score, isPassed }) => {
    const measured = score
      ? `${percent(score.correct / score.total)} (${interval(score)}; ${score.correct} of ${score.total})`
      : 'not measured';
    return `${isPassed ? 'passed' : 'FAILED'}  ${system} on ${set}: ${measured}, minimum ${percent(minimum)}`;
  });
}
