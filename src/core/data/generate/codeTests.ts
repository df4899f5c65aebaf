import type { Random } from '../../tensor/random.ts';
import { type CodeProblem, runSteps, type Step } from './codeProblem.ts';
import { randomText } from './codeTextOperations.ts';

const ASSERTS = 6;

function randomInput(problem: CodeProblem, random: Random): unknown[] {
  const args = problem.steps.flatMap(s => s.args);
  const given = args.filter((a): a is number => typeof a === 'number');
  // Values at and beside the constants tell > from >= and 7 from 8.
  const number = () =>
    given.length > 0 && random.uniform() < 0.4 ? random.choice(given) + random.integer(-1, 1) : random.integer(-20, 70);
  if (problem.from === 'number') return [number()];
  if (problem.from === 'pair') return [number(), number()];
  if (problem.from === 'text') return [randomText(random, args)];
  const list = Array.from({ length: random.integer(4, 8) }, number);
  if (random.uniform() < 0.5) list.push(random.choice(list));
  return [list];
}

/** Functions that are near misses: one step left out, two steps swapped, one constant off by one. */
function nearMisses(steps: readonly Step[]): Step[][] {
  const misses: Step[][] = [];
  steps.forEach((step, i) => {
    const { operation, args } = step;
    if (operation.from === operation.to) misses.push(steps.filter((_, j) => j !== i));
    args.forEach((arg, k) => {
      if (typeof arg !== 'number') return;
      for (const other of [arg - 1, arg + 1])
        misses.push(
          steps.map((s, j) => (j === i ? { operation, args: args.map((a, l) => (l === k ? other : a)) } : s)),
        );
    });
  });
  return misses;
}

const isPlain = (value: unknown) =>
  value !== undefined && (typeof value !== 'number' || Math.abs(value) <= 1e9) && JSON.stringify(value).length <= 120;

/**
 * Assertions in plain JavaScript about the function, with results from `runSteps`, or undefined when no inputs were
 * found that tell the function from its near misses (a sorted list has the same sum: a step that changes nothing
 * makes a bad question).
 */
export function codeTests(problem: CodeProblem, random: Random): string[] | undefined {
  const run = (steps: readonly Step[], input: unknown[]) =>
    JSON.stringify(runSteps(steps, problem.from === 'pair' ? input : input[0]));
  const misses = nearMisses(problem.steps);
  for (let attempt = 0; attempt < 12; attempt++) {
    const inputs: unknown[][] = [];
    for (let i = 0; i < 40 && inputs.length < ASSERTS; i++) {
      const input = randomInput(problem, random);
      if (isPlain(runSteps(problem.steps, problem.from === 'pair' ? input : input[0]))) inputs.push(input);
    }
    const expected = inputs.map(input => run(problem.steps, input));
    if (inputs.length < ASSERTS || new Set(expected).size < 2) continue;
    if (!misses.every(miss => inputs.some((input, i) => run(miss, input) !== expected[i]))) continue;
    return inputs.map((input, i) => {
      const call = `${problem.name}(${input.map(v => JSON.stringify(v)).join(', ')})`;
      return `JSON.stringify(${call}) === ${JSON.stringify(expected[i])}`;
    });
  }
  return undefined;
}
