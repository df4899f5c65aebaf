import type { Random } from '../../src/nn/tensor/random.ts';
import { type MathKind, type MathProblem, mathProblem } from './mathProblem.ts';
import type { GeneratedExample } from './split.ts';

const PHRASINGS: Record<MathKind, string[]> = {
  add: [
    'What is {0} + {1}?',
    'Calculate {0} + {1}.',
    'Add {0} and {1}.',
    'What is the sum of {0} and {1}?',
    '{0} + {1} = ?',
    'How much is {0} plus {1}?',
    'Compute {0} plus {1}.',
    'Find the total of {0} and {1}.',
    'A box has {0} books. Then {1} more come. How many books are there?',
    'Emma has {0} coins and gets {1} more. How many coins does she have?',
  ],
  subtract: [
    'What is {0} - {1}?',
    'Calculate {0} - {1}.',
    'Subtract {1} from {0}.',
    'What is {0} minus {1}?',
    '{0} - {1} = ?',
    'How much is {0} minus {1}?',
    'Find the difference of {0} and {1}.',
    'Take {1} away from {0}.',
    'A shop has {0} eggs and sells {1}. How many are left?',
    'Mary had {0} coins and lost {1}. How many coins are left?',
  ],
  multiply: [
    'What is {0} * {1}?',
    'What is {0} × {1}?',
    'Calculate {0} times {1}.',
    'Multiply {0} by {1}.',
    '{0} × {1} = ?',
    'Find the product of {0} and {1}.',
    'How much is {0} times {1}?',
    'Compute {0} * {1}.',
    'There are {1} boxes with {0} cards each. How many cards is that?',
    'A book costs {0} coins. What do {1} books cost?',
  ],
  divide: [
    'What is {0} / {1}?',
    'What is {0} ÷ {1}?',
    'Divide {0} by {1}.',
    'Calculate {0} divided by {1}.',
    '{0} ÷ {1} = ?',
    'How much is {0} divided by {1}?',
    'Compute {0} / {1}.',
    'Find the quotient of {0} and {1}.',
    'Share {0} cards among {1} people. How many does each get?',
    '{0} eggs go into {1} equal boxes. How many are in a box?',
  ],
  percent: [
    'What is {0}% of {1}?',
    'Calculate {0}% of {1}.',
    'Find {0} percent of {1}.',
    'How much is {0}% of {1}?',
    'What is {0} percent of {1}?',
    '{0}% of {1} = ?',
    'Compute {0} percent of {1}.',
    'Take {0}% of {1}. What do you get?',
    'A town has {1} people and {0}% of them work. How many is that?',
  ],
  linear: [
    'Solve {equation}.',
    'Solve for x: {equation}',
    'Find x if {equation}.',
    'What is x when {equation}?',
    'Solve the equation {equation}.',
    'If {equation}, what is x?',
    '{equation}. Find x.',
    'Which x makes {equation} true?',
    'Solve this linear equation: {equation}',
  ],
  quadratic: [
    'Solve {equation}.',
    'Solve this equation: {equation}',
    'Solve for x: {equation}',
    'Find the roots of {equation}.',
    'What are the solutions of {equation}?',
    'Solve the quadratic equation {equation}.',
    'Find all x with {equation}.',
    'Which x solve {equation}?',
    'What are the roots of {equation}?',
  ],
  rectangle: [
    'What is the area of a rectangle with sides {0} and {1}?',
    'Find the area of a {0} by {1} rectangle.',
    'A rectangle is {0} long and {1} wide. What is its area?',
    'Calculate the area of a rectangle of width {0} and height {1}.',
    'How large is the area of a {0} × {1} rectangle?',
    'A field is {0} by {1}. What is its area?',
    'A room is {0} wide and {1} long. Find its area.',
    'Area of a rectangle with sides {0} and {1}?',
  ],
  parallelogram: [
    'What is the area of a parallelogram with base {0} and height {1}?',
    'Find the area of a parallelogram of base {0} and height {1}.',
    'A parallelogram has base {0} and height {1}. What is its area?',
    'Calculate the area of a parallelogram: base {0}, height {1}.',
    'Area of a parallelogram with base {0} and height {1}?',
    'The base of a parallelogram is {0}, its height {1}. Find the area.',
    'How large is a parallelogram with base {0} and height {1}?',
    'What area has a parallelogram of base {0} and height {1}?',
  ],
  triangle: [
    'What is the area of a triangle with base {0} and height {1}?',
    'Find the area of a triangle of base {0} and height {1}.',
    'A triangle has base {0} and height {1}. What is its area?',
    'Calculate the area of a triangle: base {0}, height {1}.',
    'Area of a triangle with base {0} and height {1}?',
    'The base of a triangle is {0}, its height {1}. Find the area.',
    'How large is a triangle with base {0} and height {1}?',
    'What area has a triangle of base {0} and height {1}?',
  ],
  square: [
    'What is the area of a square with side {0}?',
    'Find the area of a square of side {0}.',
    'A square has sides of {0}. What is its area?',
    'Calculate the area of a square with side {0}.',
    'How large is a square of side {0}?',
    'The side of a square is {0}. Find its area.',
    'Area of a square with side {0}?',
    'What area has a square with sides of {0}?',
  ],
  circle: [
    'What is the area of a circle with radius {0}, in terms of pi?',
    'Find the area of a circle of radius {0} in terms of pi.',
    'A circle has radius {0}. What is its area in terms of pi?',
    'Give the area of a circle with radius {0} as a multiple of pi.',
    'Area of a circle of radius {0}, in terms of pi?',
    'The radius of a circle is {0}. Find its area in terms of pi.',
    'How large is a circle of radius {0}, in terms of pi?',
    'Calculate the area of a circle with radius {0} in terms of pi.',
  ],
  sequence: [
    'What comes next: {terms}?',
    'Find the next term: {terms}',
    'What is the next number in {terms}?',
    'Continue the sequence {terms}.',
    'Which number follows in {terms}?',
    'The sequence {terms} goes on. What is the next term?',
    'Next term of the arithmetic sequence {terms}?',
    'Give the next number: {terms}',
  ],
};

const signed = (n: number) => `${n < 0 ? '-' : '+'} ${Math.abs(n)}`;
const times = (n: number) => (Math.abs(n) === 1 ? '' : String(Math.abs(n)));

function linearEquation([a, b, c]: number[], random: Random): string {
  const ax = `${times(a!)}x`;
  if (b! > 0 && random.uniform() < 0.2) return `${b} + ${ax} = ${c}`;
  return `${ax} ${signed(b!)} = ${c}`;
}

function quadraticEquation([b, c]: number[], random: Random): string {
  const square = random.choice(['x²', 'x^2']);
  const middle = b === 0 ? '' : ` ${b! < 0 ? '-' : '+'} ${times(b!)}x`;
  return `${square}${middle} ${signed(c!)} = 0`;
}

/** One of the ways in which a problem is asked. */
export function mathQuestion(problem: MathProblem, random: Random): string {
  const { kind, values } = problem;
  return random.choice(PHRASINGS[kind]).replace(/\{(\w+)\}/g, (_, name: string) => {
    if (name === 'terms') return values.join(', ');
    if (name === 'equation')
      return kind === 'linear' ? linearEquation(values, random) : quadraticEquation(values, random);
    return String(values[Number(name)]);
  });
}

/** One math exchange: a question in words, one line of working, and a last line `Answer: <value>`. */
export function mathExample(random: Random): GeneratedExample {
  const problem = mathProblem(random);
  return {
    messages: [
      { role: 'user', content: mathQuestion(problem, random) },
      { role: 'assistant', content: `${problem.working}\nAnswer: ${problem.answer}` },
    ],
    kind: problem.kind,
    key: problem.key,
    ...(problem.uses.length > 0 && { uses: problem.uses }),
  };
}
