import type { Random } from '../../src/core/tensor/random.ts';
import type { Domain, Labelled, Slots } from './examples.ts';
import { domains, fill } from './examples.ts';

const slots: Slots = {
  lang: ['Python', 'JavaScript', 'Java', 'C++', 'TypeScript', 'Rust', 'Go', 'Julia', 'R', 'MATLAB', 'Ruby', 'C'],
  make: ['Write', 'Create', 'Implement', 'Give me', 'Show me', 'Develop', 'Make', 'Provide', 'Generate', 'I need'],
  unit: ['a program', 'a script', 'code', 'a function', 'a short program', 'some code', 'a class', 'a routine', 'an implementation'],
  calc: ['factor polynomials', 'integrate a polynomial', 'compute derivatives', 'solve linear systems', 'invert a matrix', 'compute eigenvalues', 'find the roots of a cubic', 'approximate pi', 'evaluate integrals', 'solve cubic equations', 'solve simultaneous equations', 'estimate probabilities', 'compute binomial coefficients', 'find prime factors', 'compute compound interest', 'fit a line by least squares', 'solve inequalities', 'compute the area of a polygon', 'sum a geometric series', 'solve equations with two unknowns', 'find the vertex of a parabola', 'solve a differential equation', 'complete the square', 'find quadratic roots', 'handle complex numbers', 'simplify fractions', 'solve linear equations', 'find the zeros of a function', 'plot a polynomial', 'compute a determinant', 'calculate the hypotenuse', 'compute logarithms', 'convert polar coordinates', 'calculate averages and variances', 'find the intersection of two lines', 'compute the nth root of a number', 'solve trigonometric equations', 'calculate mortgage payments', 'compute a limit numerically', 'find the shortest distance between two points', 'expand a binomial', 'work with vectors and matrices', 'compute percentages', 'find the least common multiple'],
  theory: ['the mathematics', 'the mathematical idea', 'the algebra', 'the formula', 'the maths behind it', 'the derivation', 'the underlying theorem', 'the geometry', 'the calculus', 'the math behind it', 'the equations', 'the math steps', 'each math step', 'why the formula holds', 'the math used', 'the mathematical background', 'the math of it', 'its math', 'the mathematics in simple words', 'the maths', 'how the equation is derived', 'the geometry behind it', 'the proof', 'the arithmetic', 'the mathematical steps'],
  tell: ['explain', 'describe', 'show', 'derive', 'discuss', 'walk me through', 'comment on', 'then explain', 'also explain', 'clarify'],
  topic: ['who invented the method', 'where it is used', 'the history of the method', 'what it is called', 'when it was discovered', 'what it means', 'why it matters', 'who first proved it', 'who it is named after', 'what its author is famous for', 'where the name comes from'],
  sum: ['3x + 5 = 20', 'x² - 9 = 0', '12% of 250', 'the area of a circle of radius 4', 'the integral of x^2', '17 * 24', '2x - y = 4', 'the roots of x^2 - 3x + 2', 'the sum of the first 50 integers', 'the derivative of sin(x)'],
  code: ['sort a list', 'parse a log file', 'reverse a linked list', 'search a tree', 'hash a password', 'sort names with quicksort', 'traverse a graph', 'open a socket', 'cache the results', 'scrape a page'],
  fact: ['who was Euler', 'who was Pythagoras', 'what a prime number is', 'what pi means', 'who invented calculus', 'what algebra means', 'where zero was invented', 'what the golden ratio is'],
};

const kinds: { share: Partial<Record<Domain, number>>; templates: string[] }[] = [
  {
    share: { code: 0.5, math: 0.4, qa: 0.1 },
    templates: [
      '{make} {unit} in {lang} to {calc} and {tell} {theory}.', '{make} {lang} code to {calc}, then {tell} {theory}', '{make} {unit} that can {calc} and {tell} {theory}', '{make} a {lang} function to {calc} and {tell} {theory}.', 'In {lang}, {calc} and {tell} {theory}.',
      'Code {unit} in {lang} that can {calc}; {tell} {theory} too.', 'use {lang} to {calc} and {tell} {theory}', 'I want to {calc} with {lang}. {make} the code and {tell} {theory}.', 'Write code that can {calc} and {tell} {theory} in detail.', 'program a solver in {lang} to {calc}, and {tell} {theory} to me', '{make} a {lang} program for this: {calc}. {tell} {theory}.', '{tell} {theory} and {make} {lang} code to {calc}', 'a {lang} script to {calc}, and please {tell} {theory}', 'Implement a way to {calc} in {lang} and {tell} {theory}.',
    ],
  },
  {
    share: { code: 0.5, math: 0.5 },
    templates: ['Solve {sum} by hand and then write {lang} code that does the same.', 'Compute {sum} and {make} a {lang} script to check the result', 'Work out {sum}, then implement the calculation in {lang}.', 'Find {sum} with a {lang} program and show the calculation on paper', 'Calculate {sum}. Also write a function for it in {lang}.', 'Evaluate {sum} and write a {lang} program for the general case', 'solve {sum} and code it in {lang}'],
  },
  {
    share: { math: 0.6, qa: 0.4 },
    templates: ['Solve {sum} and tell me {topic}.', 'Compute {sum} and explain {fact}.', 'What is {sum}, and {fact}?', 'Tell me {fact} and then solve {sum}.', 'Calculate {sum}, then describe {topic}.', 'explain {fact} and evaluate {sum}'],
  },
  {
    share: { code: 0.6, qa: 0.4 },
    templates: ['Write {lang} code to {code} and tell me {topic}.', 'Implement a {lang} function to {code}, and explain {topic}.', 'Who invented {lang}? Also write a {lang} program to {code}.', 'What is the history of {lang}, and how do I {code} in it?', 'show me how to {code} in {lang} and describe {topic}', 'Code this in {lang}: {code}, and say who came up with it.', '{fact}? And write a {lang} function to {code}.', 'Write {lang} code to {code} and explain {fact}'],
  },
];

/** Requests that hold two or three kinds at once, with the share of each: what a blend is for. */
export function mixedExamples(count: number, random: Random): Labelled[] {
  const weighted = [0, 0, 0, 1, 2, 3];
  return Array.from({ length: count }, () => {
    const { share, templates } = kinds[random.choice(weighted)]!;
    return {
      prompt: fill(random.choice(templates), slots, random),
      target: domains.map(domain => share[domain] ?? 0),
      source: 'made/mixed',
    };
  });
}
