import type { Random } from '../../src/nn/tensor/random.ts';
import { addSteps, divideSteps, factorPairs, multiplySteps, rootSteps, subtractSteps } from './mathSteps.ts';

export type MathKind =
  | 'add'
  | 'subtract'
  | 'multiply'
  | 'divide'
  | 'percent'
  | 'linear'
  | 'quadratic'
  | AreaKind
  | 'sequence';
export type AreaKind = 'rectangle' | 'parallelogram' | 'triangle' | 'square' | 'circle';

/** A question without its words: the numbers, the working and the answer. */
export interface MathProblem {
  kind: MathKind;
  /** The numbers the question is made of, in the order the phrasings use them. */
  values: number[];
  key: string;
  uses: string[];
  working: string;
  answer: string;
}

/** Keys of the plain sums that a working shows in full; sums with a digit or ten are common knowledge, not questions. */
const productKey = (a: number, d: number) => `multiply:${a},${d}`;
const usesProduct = (a: number, d: number) => (a > 10 ? [productKey(a, d)] : []);
const usesQuotient = (n: number, d: number) => (n / d > 10 ? [`divide:${n},${d}`] : []);

function problem(kind: MathKind, values: number[], working: string, answer: number | string, uses: string[] = []) {
  return { kind, values, key: `${kind}:${values.join(',')}`, uses, working, answer: String(answer) };
}

function add(random: Random): MathProblem {
  const [a, b] = [random.integer(11, 99), random.integer(11, 99)];
  // 47 + 38 and 38 + 47 are one question.
  const key = `add:${Math.min(a, b)},${Math.max(a, b)}`;
  return { ...problem('add', [a, b], addSteps(a, b), a + b), key };
}

function subtract(random: Random): MathProblem {
  const a = random.integer(22, 99);
  const b = random.integer(11, a - 1);
  return problem('subtract', [a, b], subtractSteps(a, b), a - b);
}

function multiply(random: Random): MathProblem {
  const [a, d] = [random.integer(11, 99), random.integer(2, 9)];
  return problem('multiply', [a, d], multiplySteps(a, d), a * d);
}

function divide(random: Random): MathProblem {
  const [q, d] = [random.integer(11, 99), random.integer(2, 9)];
  return problem('divide', [q * d, d], divideSteps(q * d, d), q);
}

function percent(random: Random): MathProblem {
  const p = random.choice([5, 10, 20, 25, 50, 75]);
  const q = random.integer(4, 99);
  if (p === 10) return problem('percent', [p, q * 10], `${p}% of ${q * 10}: ${q * 10}/10=${q}`, q);
  if (p === 5) {
    const n = q * 20;
    const working = `${p}% of ${n}: ${n}/10=${q * 2}; ${divideSteps(q * 2, 2)}`;
    return problem('percent', [p, n], working, q, usesQuotient(q * 2, 2));
  }
  const d = p === 50 ? 2 : p === 20 ? 5 : 4;
  const quarter = `${p}% of ${q * d}: ${divideSteps(q * d, d)}`;
  const uses = usesQuotient(q * d, d);
  if (p !== 75) return problem('percent', [p, q * d], quarter, q, uses);
  return problem('percent', [p, q * d], `${quarter}; ${multiplySteps(q, 3)}`, q * 3, [...uses, ...usesProduct(q, 3)]);
}

/** a·x + b = c with values [a, b, c]. */
function linear(random: Random): MathProblem {
  const a = random.integer(1, 9);
  const x = a === 1 ? random.integer(2, 60) : random.choice([-1, 1, 1, 1]) * random.integer(1, 10);
  const b = random.choice([-1, 1]) * random.integer(1, 9);
  const c = a * x + b;
  const moved = `${c}${b > 0 ? '-' : '+'}${Math.abs(b)}=${c - b}`;
  const head = `${a === 1 ? '' : a}x${b > 0 ? '+' : '-'}${Math.abs(b)}=${c}`;
  return problem('linear', [a, b, c], `${head}: ${moved}${a === 1 ? '' : `, ${c - b}/${a}=${x}`}`, `x = ${x}`);
}

/** x² + bx + c = 0 with values [b, c]; the roots are whole numbers up to 12. */
function quadratic(random: Random): MathProblem {
  const root = () => random.choice([-1, 1]) * random.integer(1, 12);
  const [low, high] = [root(), root()].sort((p, q) => p - q) as [number, number];
  const [b, c] = [-(low + high), low * high];
  const answer = low === high ? `x = ${low}` : `x = ${low}, x = ${high}`;
  const uses = factorPairs(Math.abs(c)).flatMap(([p, q]) => (c > 0 && p > 10 ? [`add:${p},${q}`] : []));
  return problem('quadratic', [b, c], rootSteps(b, c), answer, uses);
}

/** Values: the sides (base before height), or the one side or radius. */
function area(random: Random): MathProblem {
  const kind = random.choice([
    'rectangle',
    'rectangle',
    'parallelogram',
    'triangle',
    'triangle',
    'square',
    'circle',
  ] as const);
  if (kind === 'square' || kind === 'circle') {
    const s = random.integer(2, 12);
    return problem(kind, [s], `${s}*${s}=${s * s}`, kind === 'circle' ? `${s * s} pi` : s * s);
  }
  if (kind === 'triangle') {
    const [half, h] = [random.integer(2, 9), random.integer(3, 60)];
    const [a, d] = h > 10 ? [h, half] : [half, h];
    const working = `${half * 2}/2=${half}; ${multiplySteps(a, d)}`;
    return problem(kind, [half * 2, h], working, half * h, usesProduct(a, d));
  }
  const sides = [random.integer(2, 9), random.integer(3, 60)] as [number, number];
  const [w, h] = random.uniform() < 0.5 ? sides : [sides[1], sides[0]];
  const [a, d] = w > 10 ? [w, h] : h > 10 ? [h, w] : [w, h];
  const made = problem(kind, [w, h], multiplySteps(a, d), w * h, usesProduct(a, d));
  return { ...made, key: `${kind}:${Math.min(w, h)},${Math.max(w, h)}` };
}

/** Values: the terms shown; the next one is asked for. */
function sequence(random: Random): MathProblem {
  const step = random.integer(2, 9);
  const count = random.integer(3, 4);
  const rising = random.uniform() < 0.6;
  const start = rising ? random.integer(1, 70) : random.integer(step * (count + 1), 90);
  const terms = Array.from({ length: count }, (_, i) => start + i * (rising ? step : -step));
  const [first, second, last] = [terms[0]!, terms[1]!, terms[count - 1]!];
  const next = rising ? last + step : last - step;
  const [large, small] = rising ? [second, first] : [first, second];
  const working = `${large}-${small}=${step}, ${last}${rising ? '+' : '-'}${step}=${next}`;
  const made = problem('sequence', terms, working, next, small > 10 ? [`subtract:${large},${small}`] : []);
  // The same progression with three or four terms shown is one question as far as the parts are concerned.
  return { ...made, key: `sequence:${start},${rising ? step : -step}` };
}

const SHARES: [number, (random: Random) => MathProblem][] = [
  [0.15, add],
  [0.13, subtract],
  [0.13, multiply],
  [0.12, divide],
  [0.12, percent],
  [0.12, linear],
  [0.1, quadratic],
  [0.07, area],
  [0.06, sequence],
];

/** One question in numbers: arithmetic, percentages, linear and quadratic equations, areas or sequences. */
export function mathProblem(random: Random): MathProblem {
  let u = random.uniform();
  for (const [share, make] of SHARES) {
    if (u < share) return make(random);
    u -= share;
  }
  return add(random);
}
