import { Random } from '../../src/nn/tensor/random.ts';
import { type Argument, atom, listOperations, numberOperations, type Operation, type Shape } from './codeOperations.ts';
import { textOperations } from './codeTextOperations.ts';

export interface Step {
  operation: Operation;
  args: Argument[];
}

/** A function to be written, without the words that ask for it. */
export interface CodeProblem {
  steps: Step[];
  from: Shape;
  name: string;
  key: string;
  /** A correct source, on one line. */
  source: string;
}

/** One token each in the embedded base's vocabulary after the capital, or close to it. */
const VERBS = 'get make find run take give use show start change keep build call read'.split(' ');
const THINGS =
  'Value Number Text Name Item List Box Book Coin Card Key City Home Line Part Point Sum Count Result Word Data State Order Form Land Port School Plan Case Set Group Unit Sign Note Mark Step Rule Page'.split(
    ' ',
  );

const PARAMETERS: Record<string, string> = { number: 'n', pair: 'a, b', list: 'list', text: 'text' };

/** The parameter list of a function that takes this shape. */
export function parametersOf(from: Shape): string {
  return PARAMETERS[from]!;
}

/** A camelCase name such as `getCoin`. */
export function functionName(random: Random): string {
  return random.choice(VERBS) + random.choice(THINGS);
}

const starting = (operations: Operation[], from: Shape) => operations.filter(o => o.from === from);
const ALL = [...numberOperations, ...listOperations, ...textOperations];
const BY_INPUT = {
  number: starting(ALL, 'number'),
  pair: starting(ALL, 'pair'),
  list: starting(ALL, 'list'),
  text: starting(ALL, 'text'),
};

/** Number of different operations, that is of kinds of step. */
export const operationCount = ALL.length;

/** The other operations that take and give the same and have as many constants of the same type. */
export function operationsLike(operation: Operation): Operation[] {
  return LIKE.get(operation)!;
}

const signature = (o: Operation) => `${o.from}>${o.to}:${o.draw(new Random(1)).map(arg => typeof arg)}`;
const LIKE = new Map(ALL.map(o => [o, ALL.filter(other => other !== o && signature(other) === signature(o))]));

function drawSteps(from: 'number' | 'pair' | 'list' | 'text', length: number, random: Random): Step[] {
  const steps: Step[] = [];
  let shape: Shape = from;
  while (steps.length < length) {
    const before = steps.at(-1)?.operation;
    const last = steps.length === length - 1;
    const fits = (BY_INPUT[shape as 'list'] ?? []).filter(
      o => o.group !== before?.group && steps.every(s => s.operation.id !== o.id) && (last || o.group !== 'end'),
    );
    if (before?.group === 'end' || fits.length === 0) break;
    const ends = fits.filter(o => o.group === 'end');
    const operation: Operation =
      last && ends.length > 0 && length > 1 && random.uniform() < 0.5 ? random.choice(ends) : random.choice(fits);
    steps.push({ operation, args: operation.draw(random) });
    shape = operation.to;
  }
  return steps;
}

/** The source of a function that takes these steps in order. */
export function sourceOf(name: string, from: Shape, steps: readonly Step[]): string {
  let code = parametersOf(from);
  for (const { operation, args } of steps) {
    // A method binds tighter than a sum: ("a" + text).trim(), but text.trim() + "a".
    const input = from === 'text' && !['append', 'prefix'].includes(operation.id) ? atom(code) : code;
    code = operation.code(input, ...args);
  }
  return `function ${name}(${parametersOf(from)}) { return ${code}; }`;
}

/** What the function must return, computed by the operations' own definitions and not by the source. */
export function runSteps(steps: readonly Step[], input: unknown): unknown {
  return steps.reduce((value, { operation, args }) => operation.run(value as never, ...args), input);
}

export function keyOf(from: Shape, steps: readonly Step[]): string {
  return `${from}|${steps.map(s => [s.operation.id, ...s.args].join(':')).join('|')}`;
}

/** One function to write: steps on a number, on two numbers, on a list or on a text. */
export function codeProblem(random: Random): CodeProblem {
  const u = random.uniform();
  const from = u < 0.5 ? 'list' : u < 0.8 ? 'text' : u < 0.92 ? 'number' : 'pair';
  const v = random.uniform();
  const length = v < 0.2 ? 1 : v < 0.8 || from !== 'list' ? 2 : 3;
  const steps = drawSteps(from, length, random);
  const name = functionName(random);
  return { steps, from, name, key: keyOf(from, steps), source: sourceOf(name, from, steps) };
}
