import type { Random } from '../../src/nn/tensor/random.ts';
import { type CodeProblem, operationsLike, runSteps, type Step } from './codeProblem.ts';
import { randomText } from './codeTextOperations.ts';

/** At least so many asserts. */
const ASSERTS = 6;
/** Inputs to choose from. */
const POOL = 40;

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

/** Functions that are near misses and must fail: one step left out, one constant off by one. */
function nearMisses(steps: readonly Step[]): Step[][] {
  const misses: Step[][] = [];
  steps.forEach((step, i) => {
    const { operation, args } = step;
    if (operation.from === operation.to) misses.push(steps.filter((_, j) => j !== i));
    args.forEach((arg, k) => {
      if (typeof arg !== 'number') return;
      for (const other of [arg - 1, arg + 1])
        misses.push(withStep(steps, i, { operation, args: replaced(args, k, other) }));
    });
  });
  return misses;
}

/** Functions with another operation of the same kind in one place; some happen to be right (the first of a sorted list). */
function relatedFunctions(steps: readonly Step[]): Step[][] {
  return steps.flatMap((step, i) =>
    operationsLike(step.operation).map(operation => withStep(steps, i, { operation, args: step.args })),
  );
}

const replaced = <T>(items: readonly T[], at: number, item: T) => items.map((old, i) => (i === at ? item : old));
const withStep = (steps: readonly Step[], at: number, step: Step) => replaced(steps, at, step);

const isPlain = (value: unknown) =>
  value !== undefined && (typeof value !== 'number' || Math.abs(value) <= 1e9) && JSON.stringify(value).length <= 120;

/**
 * Assertions in plain JavaScript about the function, with results from `runSteps`, or undefined when no inputs were
 * found that tell the function from its near misses (a sorted list has the same sum: a step that changes nothing
 * makes a bad question).
 */
export function codeTests(problem: CodeProblem, random: Random): string[] | undefined {
  const result = (steps: readonly Step[], input: unknown[]) =>
    runSteps(steps, problem.from === 'pair' ? input : input[0]);
  const pool: { input: unknown[]; expected: string }[] = [];
  for (let i = 0; i < POOL; i++) {
    const input = randomInput(problem, random);
    const value = result(problem.steps, input);
    if (isPlain(value)) pool.push({ input, expected: JSON.stringify(value) });
  }
  const chosen = pool.slice(0, 2);
  // Adds an input that the other function gets wrong, unless one was chosen already.
  const exposes = (steps: readonly Step[]) => {
    const isWrong = ({ input, expected }: (typeof pool)[number]) => JSON.stringify(result(steps, input)) !== expected;
    if (chosen.some(isWrong)) return true;
    const found = pool.find(isWrong);
    if (found) chosen.push(found);
    return found !== undefined;
  };
  if (!nearMisses(problem.steps).every(exposes)) return undefined;
  relatedFunctions(problem.steps).forEach(exposes);
  chosen.push(...pool.filter(entry => !chosen.includes(entry)).slice(0, Math.max(0, ASSERTS - chosen.length)));
  if (chosen.length < ASSERTS || new Set(chosen.map(c => c.expected)).size < 2) return undefined;
  return chosen.map(({ input, expected }) => {
    const call = `${problem.name}(${input.map(value => JSON.stringify(value)).join(', ')})`;
    return `JSON.stringify(${call}) === ${JSON.stringify(expected)}`;
  });
}
