import type { Slots } from './examples.ts';

const slots: Slots = {
  op: ['+', '-', '*', '/', '×', '÷', '−'],
  fn: ['sin(x)', 'cos(2x)', 'e^x', 'ln(x)', 'x^{d}', '{d}x^{d}', 'tan(x)', 'sqrt(x)', '1/x', '{d}x² + {d}x', 'x^{d} + {d}x - {d}'],
  poly: ['x² + {d}x + {d}', '{d}x² - {d}x + {d}', 'x^2 - {#}', '{d}x^2 + {d}x', 'x³ - {d}x', 'x^3 + {d}x^2 - {d}', 't^2 - {d}t - {#}'],
  lin: ['{d}{x} + {d} = {#}', '{d}({x} - {d}) = {#}', '{x} + {#} = {#}', '{d}{x} - {#} = {d}{x} + {d}', '{x}/{d} = {#}', '{#} - {x} = {d}'],
  shape: ['square', 'rectangle', 'triangle', 'circle', 'trapezoid', 'cube', 'cylinder', 'cone', 'sphere', 'regular hexagon', 'rhombus', 'prism'],
  measure: ['area', 'perimeter', 'volume', 'surface area', 'diagonal', 'circumference', 'radius', 'height', 'length'],
  person: ['Maria', 'John', 'Aisha', 'Chen', 'Olga', 'Kwame', 'Lucy', 'Diego', 'Sam', 'Hana', 'Ravi', 'Mrs. Green', 'a farmer', 'a shopkeeper'],
  things: ['apples', 'marbles', 'books', 'pencils', 'tickets', 'eggs', 'cookies', 'boxes', 'coins', 'chairs', 'cards', 'bottles', 'kilometers', 'pages'],
  ask: ['Find', 'Compute', 'Calculate', 'Determine', 'Evaluate', 'Work out', 'What is', 'find', 'Give'],
  sequence: ['{d}, {#}, {#}, {#}', '{d}, {d}, {#}, ...', 'a_1 = {d}, a_2 = {#}, ...'],
  solve: ['Solve', 'Solve for {x}:', 'Find {x} if', 'Solve the equation', 'Find all solutions of', 'Find the roots of', 'What value of {x} satisfies', 'solve for x'],
  set: ['the numbers {#}, {#}, {#} and {#}', '{#}, {#}, {#}, {#}, {#}', 'the data set {d}, {d}, {d}, {#}', 'the first {#} positive integers'],
  object: ['the sum', 'the product', 'the difference', 'the quotient', 'the average', 'the least common multiple', 'the greatest common factor', 'the remainder'],
  theorem: ['sqrt({d}) is irrational', 'the sum of two even numbers is even', 'there are infinitely many primes', 'n^{d} - n is divisible by {d}', 'the diagonals of a rectangle are equal'],
};

const exercises = [
  '{solve} {lin}', '{solve} {poly} = 0', '{ask} {#} {op} {#}', '{#} {op} {#} = ?', 'what is {#} {op} {#}', '{#big} {op} {#}', 'What is {#}% of {#big}?',
  'How much is {#big} divided by {d}?', 'what is {#} plus {#}', 'what does {#} minus {d} equal', 'what is {#} multiplied by {#}', 'Calculate {d} to the power of {d}.',
  'What is the square root of {#big}?', '{ask} the derivative of {fn}', '{ask} the integral of {fn}', 'Differentiate {fn}.', 'Integrate {fn} dx from 0 to {d}',
  'Find the limit of {fn} as x goes to {d}.', 'Simplify ({d}x + {d})({d}x - {d}).', 'Factor {poly}.', 'factorise {poly}', 'Expand ({x} - {d})^{d}', 'Solve {lin} and {lin}',
  'Solve the simultaneous equations {d}x + {d}y = {#} and x - {d}y = {d}', '{ask} {object} of {#} and {#}.', '{ask} {object} of {set}', 'Find the mode of {set}.',
  'What is the median of {set}?', '{ask} the standard deviation of {set}', 'Convert {d}/{#} to a percentage.', 'Write 0.{#} as a fraction in lowest terms.', 'Express {#}/{#} as a decimal.',
  'Round {#}.{#big} to the nearest tenth.', 'Which is larger, {d}/{d} or {d}/{d}?', 'What is the next number in the sequence {sequence}?', 'Find the {#}th term of {sequence}',
  '{ask} the sum of the first {#} terms of the sequence {sequence}', '{ask} the {measure} of a {shape} with side {d} cm.', 'What is the {measure} of a {shape} whose base is {#} and height is {#}?',
  'A {shape} has a {measure} of {#}. Find its {measure}.', 'the {measure} of a {shape} is {#} and its width is {d}, what is its {measure}', 'Increase {#big} by {#}%.',
  'Is {#big} a prime number?', 'How many factors does {#big} have?', 'List the prime factors of {#big}.', 'Convert {#} degrees to radians.', 'How many {d}s are there in {#big}?',
  'What is {#} mod {d}?', '({#} + {#}) * {d} - {#}', 'If {lin}, what is {x}?', 'Find x: {lin}', '{lin}. What is {x}?', 'If f(x) = {poly}, find f({d}).', 'Let g(x) = {fn}. Find g({d}).',
  'Multiply {#} by {#}', 'add {#} and {#}', 'subtract {#} from {#big}', 'divide {#big} by {d}', 'What is half of {#big}?', '{#} is what percent of {#big}?', 'What fraction of {#} is {d}?',
  'Find the slope of the line through ({d}, {#}) and ({#}, {d}).', 'What is the distance between the points ({d}, {d}) and ({#}, {#})?', 'Write the equation of the line with slope {d} through ({d}, {d})',
  'what is the hypotenuse of a right triangle with legs {d} and {#}', 'Find the inverse of the matrix [[{d}, {d}], [{d}, {d}]].', 'Compute the dot product of ({d}, {d}) and ({d}, {d})', 'Solve the inequality {d}x - {d} > {#}.',
];

const competition = [
  'Find the number of ordered pairs $(a, b)$ of positive integers such that $a + b = {#}$.', 'What is the largest prime factor of ${#big}$?', 'Compute $\\frac{{d}}{{#}} + \\frac{{d}}{{#}}$.',
  'Let $x$ and $y$ be real numbers such that $x + y = {#}$ and $xy = {d}$. Find $x^2 + y^2$.', 'Evaluate $\\sqrt{{#big}}$.', 'How many positive integers less than {#big} are divisible by {d}?',
  'Find the remainder when {d}^{{#}} is divided by {#}.', 'The function f satisfies f(x + {d}) = f(x) + {d} for all x. If f({d}) = {#}, find f({#}).', 'How many ways can {#} people be seated around a round table?',
  'What is the probability that two dice show a sum of {d}?', 'A bag contains {d} red balls and {d} blue balls. Two are drawn without replacement. What is the probability that both are red?',
  'In right triangle $PQR$ with legs {d} and {#}, what is $\\tan P$?', 'Point $D$ lies on side $BC$ so that $BD = {d}$. Find the length of $AD$.', 'Suppose that $a_n = {d}a_{n-1} + {d}$. Find $a_{{d}}$.',
  'Simplify $({d}x^{d}y)({d}xy^{d})$.', 'What is the coefficient of $x^{d}$ in the expansion of $(x + {d})^{{d}}$?', 'Find the sum of the digits of {d}^{#}.', 'Find all real $x$ such that $|x - {d}| < {#}$.',
  'If $\\log_{d} x = {d}$, what is $x$?', 'For how many integers $n$ is $\\frac{{#}}{n}$ an integer?', 'A circle with center $O$ has radius {#}. Chord $AB$ has length {#}. What is the distance from $O$ to $AB$?',
  'What is the greatest integer less than $\\frac{{#big}}{{#}}$?', 'Show that {theorem}.', 'Prove that {theorem}', 'Prove by induction that 1 + 2 + ... + n = n(n+1)/2.', 'Two fair coins are tossed {d} times. What is the expected number of heads?',
  'What is the units digit of the product of the first {#} odd numbers?', 'How many different {d}-digit numbers can be formed from the digits {d}, {d}, {d}?', 'The sum of {d} consecutive integers is {#big}. What is the smallest?',
  'Express your answer in simplest radical form: \\sqrt{{#big}} + \\sqrt{{#}}', 'Let $z = {d} + {d}i$. Compute $|z|$.', 'In how many ways can a committee of {d} be chosen from {#} people?', 'Compute \\(\\binom{{#}}{{d}}\\).',
];

const wordProblems = [
  '{person} has {#} {things} and buys {#} more. How many {things} are there now?', '{person} gave away {d} of {#} {things}. how many {things} are left', 'If {d} {things} cost ${#}, how much do {#} {things} cost?',
  '{person} walks {d} km in {#} minutes. What is the speed in km per hour?', '{person} is twice as old as {person}. The sum of their ages is {#}. How old is {person}?', 'A car travels {#big} miles on {#} gallons. How many miles per gallon is that?',
  'a shop sells {#} {things} a day at {d} dollars each, how much does it earn in a week', 'There are {#} {things} in each of {d} boxes. {person} takes {#}. How many remain?', '{person} earns ${#} an hour and works {d} hours a day. What are the earnings after {#} days?',
  'A recipe for {d} people needs {#} grams of flour. How many grams are needed for {#} people?', 'Three workers paint a wall in {d} hours. How long do {d} workers need?', 'The price of a phone rose from ${#big} to ${#big}. What is the percent increase?',
  '{person} invests ${#big} at {d}% simple interest. How much is it worth after {d} years?', 'Two trains {#big} km apart drive towards each other at {#} and {#} km/h. When do they meet?', 'A pool holds {#big} liters and a pump moves {#} liters per minute, how long to empty it?',
  'Split {#big} {things} between {person} and {person} in the ratio {d}:{d}.', 'A ladder {#} feet long leans against a wall, its foot {d} feet away. How high does it reach?', 'In a school of {#big} pupils {#}% take the bus. How many do not?',
  'After a {#}% discount a shirt costs ${#}. What was the original price?', '{person} spends one third of {#big} dollars on rent and a quarter on food. How much is left?', 'A number is {d} more than twice another and they add up to {#}. Find both numbers.',
  'On {d} tests {person} scored {#}, {#} and {#}. What must the next score be for an average of {#}?', 'How many minutes are there in {d} hours and {#} minutes?', 'A field is {#} m long and {#} m wide. How much fence is needed to go around it?',
];

export const mathExamples = {
  slots,
  kinds: [
    { source: 'made/exercise', templates: exercises, count: 1500 },
    { source: 'made/competition', templates: competition, count: 600 },
    { source: 'made/wordProblem', templates: wordProblems, count: 500 },
  ],
};
