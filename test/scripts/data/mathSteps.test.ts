import assert from 'node:assert/strict';
import { test } from 'node:test';
import { mathProblem } from '../../../scripts/data/mathProblem.ts';
import {
  addSteps,
  divideSteps,
  factorPairs,
  multiplySteps,
  rootSteps,
  subtractSteps,
} from '../../../scripts/data/mathSteps.ts';
import { Random } from '../../../src/nn/tensor/random.ts';

test('workings are written step by step', () => {
  assert.equal(addSteps(47, 38), '47+38: 7+8=15, 4+3+1=8');
  assert.equal(addSteps(92, 53), '92+53: 2+3=5, 9+5=14');
  assert.equal(subtractSteps(83, 47), '83-47: 13-7=6, 8-1-4=3');
  assert.equal(subtractSteps(85, 82), '85-82: 5-2=3, 8-8=0');
  assert.equal(multiplySteps(47, 6), '47*6: 7*6=42, 4*6=24, 24+4=28');
  assert.equal(multiplySteps(12, 3), '12*3: 2*3=6, 1*3=3');
  assert.equal(multiplySteps(7, 6), '7*6=42');
  assert.equal(divideSteps(282, 6), '282/6: 28/6=4 r4, 42/6=7');
  assert.equal(divideSteps(42, 6), '42/6=7');
  assert.deepEqual(factorPairs(12), [
    [3, 4],
    [2, 6],
    [1, 12],
  ]);
  assert.equal(rootSteps(4, -12), 'b=4, c=-12: 4-3=1, 6-2=4');
  assert.equal(rootSteps(-7, 12), 'b=-7, c=12: 3+4=7');
});

/** The value of a step such as `8-1-4` or `-49/7`, worked from the left. */
function stepValue(expression: string): number {
  const [first, ...rest] = expression.match(/^-?\d+|[-+*/]\d+/g)!;
  return rest.reduce((value, part) => {
    const n = Number(part.slice(1));
    return part[0] === '+' ? value + n : part[0] === '-' ? value - n : part[0] === '*' ? value * n : value / n;
  }, Number(first));
}

test('every step of 5,000 workings is true, and the answer solves the problem', () => {
  const random = new Random(11);
  for (let i = 0; i < 5000; i++) {
    const { kind, values, working, answer } = mathProblem(random);
    const [p, q, r] = values as [number, number, number];
    for (const [, left, right, rest] of working.matchAll(/(?<![\w+*/=x-])(-?\d+(?:[-+*/]\d+)+)=(-?\d+)(?: r(\d))?/g)) {
      const value = rest === undefined ? stepValue(left!) : Math.floor(stepValue(left!));
      assert.equal(value, Number(right), `${working}: ${left}`);
    }
    const roots = [...answer.matchAll(/x = (-?\d+)/g)].map(match => Number(match[1]));
    if (kind === 'linear')
      assert.deepEqual(
        roots.map(x => p * x + q),
        [r],
      );
    else if (kind === 'quadratic') assert.ok(roots.length > 0 && roots.every(x => x * x + p * x + q === 0));
    else {
      const step = q - p;
      const expected = {
        add: p + q,
        subtract: p - q,
        multiply: p * q,
        divide: p / q,
        percent: (p * q) / 100,
        rectangle: p * q,
        parallelogram: p * q,
        triangle: (p * q) / 2,
        square: p * p,
        circle: `${p * p} pi`,
        sequence: values.at(-1)! + step,
      }[kind];
      assert.equal(answer, String(expected), `${kind} ${values}`);
    }
  }
});
