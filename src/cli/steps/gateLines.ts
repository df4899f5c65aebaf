import type { Gate } from '../../protocol/engine/evaluating.ts';
import { interval, percent } from '../../text/numbers.ts';

/** A line for each minimum of a recipe: what was measured, and whether that is enough. */
export function gateLines(gates: readonly Gate[]): string[] {
  return gates.map(({ set, system, minimum, score, isPassed }) => {
    const measured = score
      ? `${percent(score.correct / score.total)} (${interval(score)}; ${score.correct} of ${score.total})`
      : 'not measured';
    return `${isPassed ? 'passed' : 'FAILED'}  ${system} on ${set}: ${measured}, minimum ${percent(minimum)}`;
  });
}
