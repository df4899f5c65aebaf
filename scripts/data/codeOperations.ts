import type { Random } from '../../src/nn/tensor/random.ts';

/** What a function takes or gives: one number, two numbers, a list of numbers, a text, words, or true/false. */
export type Shape = 'number' | 'pair' | 'list' | 'text' | 'words' | 'truth';
export type Argument = number | string;

/** One step of a function: how it is said, how it is written, and (independently of that) what it does. */
export interface Operation {
  id: string;
  from: Shape;
  to: Shape;
  /** Two steps of one group do not follow each other (sorting twice says nothing). */
  group: string;
  draw(random: Random): Argument[];
  /** Wordings in the imperative; the first word is the verb. */
  say(...args: Argument[]): string[];
  /** The terse note of the base's corpus. */
  note(...args: Argument[]): string;
  code(input: string, ...args: Argument[]): string;
  run(input: never, ...args: Argument[]): unknown;
}

/** Draws of the steps: no argument, or one whole number from low to high. */
export const none = () => [];
export const within = (low: number, high: number) => (random: Random) => [random.integer(low, high)];

/** `n * 3` must be bracketed before another step is applied to it, `Math.abs(n)` not. */
export function atom(code: string): string {
  let depth = 0;
  for (const c of code) {
    depth += c === '(' || c === '[' ? 1 : c === ')' || c === ']' ? -1 : 0;
    if ((c === ' ' && depth === 0) || code.startsWith('-')) return `(${code})`;
  }
  return code;
}

type Row<T> = [
  id: string,
  group: string,
  draw: Operation['draw'],
  say: (a: Argument, b: Argument) => string[],
  note: (a: Argument, b: Argument) => string,
  code: (input: string, a: Argument, b: Argument) => string,
  run: (input: T, a: never, b: never) => unknown,
];

function table<T>(from: Shape, to: Shape, rows: Row<T>[]): Operation[] {
  return rows.map(
    ([id, group, draw, say, note, code, run]) => ({ id, group, from, to, draw, say, note, code, run }) as Operation,
  );
}

type N = number;
type L = number[];

// biome-ignore format: one operation a line, as a table
const numbers = [
  ...table<[N, N]>('pair', 'number', [
    ['plus', 'pair', none, () => ['add a and b', 'take the sum of a and b', 'sum a and b'], () => 'a plus b', () => 'a + b', ([a, b]) => a + b],
    ['minus', 'pair', none, () => ['subtract b from a', 'take a minus b'], () => 'a minus b', () => 'a - b', ([a, b]) => a - b],
    ['times', 'pair', none, () => ['multiply a by b', 'take the product of a and b'], () => 'a times b', () => 'a * b', ([a, b]) => a * b],
    ['larger', 'pair', none, () => ['take the larger of a and b', 'pick the bigger of a and b'], () => 'max of a, b', () => 'Math.max(a, b)', pair => Math.max(...pair)],
    ['smaller', 'pair', none, () => ['take the smaller of a and b', 'pick the lesser of a and b'], () => 'min of a, b', () => 'Math.min(a, b)', pair => Math.min(...pair)],
  ]),
  ...table<N>('number', 'number', [
    ['add', 'shift', within(2, 60), a => [`add ${a}`, `increase it by ${a}`], a => `plus ${a}`, (x, a) => `${x} + ${a}`, (n, a: N) => n + a],
    ['subtract', 'shift', within(2, 60), a => [`subtract ${a}`, `take away ${a}`], a => `minus ${a}`, (x, a) => `${x} - ${a}`, (n, a: N) => n - a],
    ['multiply', 'scale', within(2, 30), a => [`multiply it by ${a}`, `take it times ${a}`], a => `times ${a}`, (x, a) => `${atom(x)} * ${a}`, (n, a: N) => n * a],
    ['square', 'power', none, () => ['square it', 'raise it to the power of two'], () => 'squared', x => `${atom(x)} ** 2`, n => n * n],
    ['modulo', 'modulo', within(3, 12), a => [`take the rest after division by ${a}`, `take it modulo ${a}`], a => `mod ${a}`, (x, a) => `${atom(x)} % ${a}`, (n, a: N) => n % a],
    ['absolute', 'sign', none, () => ['take the absolute value', 'drop the sign'], () => 'abs', x => `Math.abs(${x})`, n => (n < 0 ? -n : n)],
    ['atMost', 'limit', within(5, 60), a => [`limit it to at most ${a}`, `cap it at ${a}`], a => `at most ${a}`, (x, a) => `Math.min(${x}, ${a})`, (n, a: N) => (n > a ? a : n)],
    ['atLeast', 'limit', within(2, 40), a => [`make it at least ${a}`, `raise it to ${a} if it is below`], a => `at least ${a}`, (x, a) => `Math.max(${x}, ${a})`, (n, a: N) => (n < a ? a : n)],
    [
      'clamp', 'limit', r => [r.integer(1, 10), r.integer(11, 60)],
      (a, b) => [`clamp it between ${a} and ${b}`, `keep it in the range ${a} to ${b}`], (a, b) => `clamp ${a} ${b}`,
      (x, a, b) => `Math.min(Math.max(${x}, ${a}), ${b})`, (n, a: N, b: N) => (n < a ? a : n > b ? b : n),
    ],
  ]),
  ...table<N>('number', 'truth', [
    ['isEven', 'end', none, () => ['check if it is even', 'tell whether it is even'], () => 'even?', x => `${atom(x)} % 2 === 0`, n => n % 2 === 0],
    ['isOdd', 'end', none, () => ['check if it is odd', 'tell whether it is odd'], () => 'odd?', x => `${atom(x)} % 2 !== 0`, n => n % 2 !== 0],
    ['isAbove', 'end', within(2, 60), a => [`check if it is greater than ${a}`, `tell whether it is above ${a}`], a => `> ${a}?`, (x, a) => `${x} > ${a}`, (n, a: N) => n > a],
    ['isBelow', 'end', within(2, 60), a => [`check if it is less than ${a}`, `tell whether it is below ${a}`], a => `< ${a}?`, (x, a) => `${x} < ${a}`, (n, a: N) => n < a],
    ['isMultiple', 'end', within(3, 12), a => [`check if it is divisible by ${a}`, `tell whether it is a multiple of ${a}`], a => `multiple of ${a}?`, (x, a) => `${atom(x)} % ${a} === 0`, (n, a: N) => n % a === 0],
  ]),
];

// biome-ignore format: one operation a line, as a table
const lists = [
  ...table<L>('list', 'list', [
    ['keepEven', 'parity', none, () => ['keep the even numbers', 'drop the odd numbers', 'keep only even values'], () => 'even', x => `${x}.filter(x => x % 2 === 0)`, l => l.filter(v => v % 2 === 0)],
    ['keepOdd', 'parity', none, () => ['keep the odd numbers', 'drop the even numbers', 'keep only odd values'], () => 'odd', x => `${x}.filter(x => x % 2 !== 0)`, l => l.filter(v => v % 2 !== 0)],
    ['keepAbove', 'compare', within(2, 40), a => [`keep the numbers greater than ${a}`, `keep values above ${a}`, `keep only those over ${a}`], a => `> ${a}`, (x, a) => `${x}.filter(x => x > ${a})`, (l, a: N) => l.filter(v => v > a)],
    ['keepBelow', 'compare', within(2, 40), a => [`keep the numbers less than ${a}`, `keep values below ${a}`, `keep only those under ${a}`], a => `< ${a}`, (x, a) => `${x}.filter(x => x < ${a})`, (l, a: N) => l.filter(v => v < a)],
    ['keepMultiples', 'parity', within(3, 9), a => [`keep the multiples of ${a}`, `keep numbers divisible by ${a}`], a => `multiples of ${a}`, (x, a) => `${x}.filter(x => x % ${a} === 0)`, (l, a: N) => l.filter(v => v % a === 0)],
    ['removeValue', 'remove', within(2, 40), a => [`remove every ${a}`, `drop all values equal to ${a}`], a => `not ${a}`, (x, a) => `${x}.filter(x => x !== ${a})`, (l, a: N) => l.filter(v => v !== a)],
    ['addEach', 'shift', within(2, 40), a => [`add ${a} to each number`, `increase every value by ${a}`], a => `each + ${a}`, (x, a) => `${x}.map(x => x + ${a})`, (l, a: N) => l.map(v => v + a)],
    ['subtractEach', 'shift', within(2, 40), a => [`subtract ${a} from each number`, `lower every value by ${a}`], a => `each - ${a}`, (x, a) => `${x}.map(x => x - ${a})`, (l, a: N) => l.map(v => v - a)],
    ['multiplyEach', 'scale', within(2, 20), a => [`multiply each number by ${a}`, `take every value times ${a}`], a => `each * ${a}`, (x, a) => `${x}.map(x => x * ${a})`, (l, a: N) => l.map(v => v * a)],
    ['squareEach', 'power', none, () => ['square each number', 'square every value'], () => 'each ** 2', x => `${x}.map(x => x ** 2)`, l => l.map(v => v * v)],
    ['negateEach', 'negate', none, () => ['negate each number', 'flip the sign of every value'], () => 'each -', x => `${x}.map(x => -x)`, l => l.map(v => 0 - v)],
    ['takeFirst', 'cut', within(2, 5), a => [`take the first ${a}`, `keep only the first ${a} items`], a => `first ${a}`, (x, a) => `${x}.slice(0, ${a})`, (l, a: N) => l.filter((_, i) => i < a)],
    ['skipFirst', 'cut', within(2, 4), a => [`skip the first ${a}`, `leave out the first ${a} items`], a => `skip ${a}`, (x, a) => `${x}.slice(${a})`, (l, a: N) => l.filter((_, i) => i >= a)],
    ['takeLast', 'cut', within(2, 5), a => [`take the last ${a}`, `keep only the last ${a} items`], a => `last ${a}`, (x, a) => `${x}.slice(-${a})`, (l, a: N) => l.filter((_, i) => i >= l.length - a)],
    ['reverse', 'order', none, () => ['reverse the list', 'turn the order around'], () => 'reverse', x => (x === 'list' ? '[...list].reverse()' : `${x}.reverse()`), l => l.map((_, i) => l[l.length - 1 - i])],
    ['sortUp', 'order', none, () => ['sort from small to large', 'sort in ascending order'], () => 'sort up', x => `${x === 'list' ? '[...list]' : x}.sort((a, b) => a - b)`, sortedUp],
    ['sortDown', 'order', none, () => ['sort from large to small', 'sort in descending order'], () => 'sort down', x => `${x === 'list' ? '[...list]' : x}.sort((a, b) => b - a)`, l => sortedUp(l).reverse()],
    ['unique', 'unique', none, () => ['remove duplicates', 'keep each value once'], () => 'unique', x => `[...new Set(${x})]`, l => l.filter((v, i) => l.indexOf(v) === i)],
  ]),
  ...table<L>('list', 'number', [
    ['sum', 'end', none, () => ['add them up', 'return the sum', 'take the total'], () => 'sum', x => `${x}.reduce((a, b) => a + b, 0)`, l => total(l)],
    ['product', 'end', none, () => ['multiply them all', 'return the product'], () => 'product', x => `${x}.reduce((a, b) => a * b, 1)`, l => l.reduce((p, v) => v * p, 1)],
    ['count', 'end', none, () => ['count them', 'return how many there are'], () => 'count', x => `${x}.length`, l => l.length],
    ['largest', 'end', none, () => ['return the largest', 'take the maximum'], () => 'max', x => `Math.max(...${x})`, l => sortedUp(l).at(-1)],
    ['smallest', 'end', none, () => ['return the smallest', 'take the minimum'], () => 'min', x => `Math.min(...${x})`, l => sortedUp(l)[0]],
    ['first', 'end', none, () => ['return the first item', 'give the first one'], () => 'head', x => `${x}[0]`, l => l.find(() => true)],
    ['last', 'end', none, () => ['return the last item', 'give the last one'], () => 'tail', x => `${x}.at(-1)`, l => l[l.length - 1]],
  ]),
  ...table<L>('list', 'text', [
    ['join', 'end', r => [r.choice(['-', ',', ' ', '+', '/', ':', '.', '_', '*', '|'])], a => [`join them with "${a}"`, `put "${a}" between them`], a => `join "${a}"`, (x, a) => `${x}.join("${a}")`, (l, a) => l.slice(1).reduce((s, v) => s + a + v, l.length > 0 ? String(l[0]) : '')],
  ]),
  ...table<L>('list', 'truth', [
    ['includes', 'end', within(2, 40), a => [`check if ${a} is in it`, `tell whether it contains ${a}`], a => `has ${a}?`, (x, a) => `${x}.includes(${a})`, (l, a: N) => l.indexOf(a) >= 0],
    ['someAbove', 'end', within(10, 60), a => [`check if any is greater than ${a}`, `tell whether some value is above ${a}`], a => `some > ${a}?`, (x, a) => `${x}.some(x => x > ${a})`, (l, a: N) => l.filter(v => v > a).length > 0],
    ['allBelow', 'end', within(20, 75), a => [`check if all are less than ${a}`, `tell whether every value is below ${a}`], a => `all < ${a}?`, (x, a) => `${x}.every(x => x < ${a})`, (l, a: N) => l.filter(v => v >= a).length === 0],
  ]),
];

function sortedUp(values: number[]): number[] {
  return [...values].sort((p, q) => p - q);
}

function total(values: number[]): number {
  let sum = 0;
  for (const v of values) sum += v;
  return sum;
}

export const numberOperations: Operation[] = numbers;
export const listOperations: Operation[] = lists;
