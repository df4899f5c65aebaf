import type { Random } from '../../src/nn/tensor/random.ts';
import { type MathProblem, mathProblem } from '../data/mathProblem.ts';
import { factorPairs } from '../data/mathSteps.ts';
import { isTrainable } from '../data/split.ts';
import { FILLER, type Piece, repeated } from './corpusPiece.ts';

/** A head drawn at random and what follows from it. */
const worked = (head: string, rest: string): Piece[] => [
  [head, FILLER],
  [rest, 1],
];

function headOf(problem: MathProblem, random: Random): string {
  const { kind, values } = problem;
  if (kind === 'quadratic') {
    const [b, c] = values as [number, number];
    const sign = (n: number) => (n < 0 ? '-' : '+');
    const x = Math.abs(b) === 1 ? 'x' : `${Math.abs(b)}x`;
    const square = random.choice(['x²', 'x^2']);
    return `${square}${b === 0 ? '' : ` ${sign(b)} ${x}`} ${sign(c)} ${Math.abs(c)} | `;
  }
  if (kind === 'sequence') return `${values.join(', ')} | `;
  if (['rectangle', 'parallelogram', 'triangle', 'square', 'circle'].includes(kind))
    return `${kind} ${values.join(', ')} | `;
  return '';
}

/** A problem in the experts' working, without a question: `47+38: 7+8=15, 4+3+1=8` and the result below it. */
function workedProblem(random: Random): Piece[] {
  let problem = mathProblem(random);
  while (!isTrainable(problem)) problem = mathProblem(random);
  const { working, answer } = problem;
  const head = headOf(problem, random);
  const result = answer.startsWith('x') ? `\n${answer}` : `\n= ${answer}`;
  if (head !== '') return worked(head.trimEnd(), ` ${working}${result}`);
  const start = working.indexOf(':') + 1;
  return worked(working.slice(0, start), working.slice(start) + result);
}

type Drill = (random: Random) => Piece[];

/** The facts that the workings stand on, each with operands below the size of the experts' questions. */
const DRILLS: Drill[] = [
  r => {
    const [a, b] = [r.integer(0, 9), r.integer(0, 9)];
    return r.uniform() < 0.5 ? worked(`${a}+${b}=`, `${a + b}`) : worked(`${a}+${b}+1=`, `${a + b + 1}`);
  },
  r => {
    const [a, b] = [r.integer(0, 18), r.integer(0, 9)];
    return a > b && r.uniform() < 0.5 ? worked(`${a}-1-${b}=`, `${a - 1 - b}`) : worked(`${a}-${b}=`, `${a - b}`);
  },
  r => {
    const [a, b] = [r.integer(1, 10), r.integer(1, 10)];
    return worked(`${a}*${b}=`, `${a * b}`);
  },
  r => {
    const [a, b] = [r.integer(1, 10), r.integer(1, 9)];
    return worked(`${a * b}/${b}=`, `${a}`);
  },
  r => {
    const d = r.integer(2, 9);
    const n = r.integer(0, 10 * d - 1);
    return worked(`${n}/${d}=`, `${Math.floor(n / d)} r${n % d}`);
  },
  r => {
    const [a, b] = [r.integer(-99, 99), r.integer(1, 9)];
    return r.uniform() < 0.5 ? worked(`${a}+${b}=`, `${a + b}`) : worked(`${a}-${b}=`, `${a - b}`);
  },
  r => {
    const [q, d] = [r.integer(-10, 10), r.integer(2, 9)];
    return worked(`${q * d}/${d}=`, `${q}`);
  },
  r => {
    const [p, q] = [r.integer(1, 12), r.integer(1, 12)];
    const pairs = factorPairs(p * q).filter(([s]) => s <= 10);
    return worked(`${p * q}:`, pairs.map(([s, l]) => ` ${s}*${l}`).join(''));
  },
  r => {
    const [p, q] = [r.integer(1, 10), r.integer(1, 12)];
    const n = p * q;
    const pairs = factorPairs(n).filter(([s]) => s <= 10);
    const sums = r.uniform() < 0.5;
    const listed = pairs.map(([s, l]) => (sums ? ` ${s}+${l}=${s + l}` : ` ${l}-${s}=${l - s}`)).join(',');
    return worked(`${n} ${sums ? 'sums' : 'differences'}:`, listed);
  },
  r => {
    const n = r.integer(2, 99) * 10;
    return worked(`${n}/10=`, `${n / 10}`);
  },
  r => {
    const s = r.integer(2, 12);
    return worked(`${s}*${s}=`, `${s * s}`);
  },
];

/** Worked problems, or drills of one or several facts. */
export function mathDocument(random: Random): Piece[] {
  if (random.uniform() < 0.7)
    return [...repeated(random.integer(2, 5), () => workedProblem(random), '\n'), ['\n', 0.3]];
  const drill = random.uniform() < 0.5 ? random.choice(DRILLS) : undefined;
  const separator = random.choice(['\n', ', ', '; ']);
  return [...repeated(random.integer(6, 14), () => (drill ?? random.choice(DRILLS))(random), separator), ['\n', 0.3]];
}
