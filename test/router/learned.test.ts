import assert from 'node:assert/strict';
import { test } from 'node:test';
import { calibrationOf } from '../../src/evaluation/metrics.ts';
import { routerFrom } from '../../src/router/learned.ts';
import type { Router } from '../../src/router/router.ts';
import type { LearnedRouterModel } from '../../src/router/routerFile.ts';
import { trainRouter } from '../../src/router/trainRouter.ts';
import { examplePrompts, mixed, openDomain, ownPrompts, prior, unseen } from './fixtures.ts';

const models: [string, LearnedRouterModel][] = [
  ['the prior', prior.model],
  ['trained on narrow own prompts', trainRouter({ prior, experts: ownPrompts(1000), seed: 1 })],
  ['trained on the example experts', trainRouter({ prior, experts: examplePrompts('train'), seed: 1 })],
];

for (const [title, model] of models) {
  const route = routerFrom(model);

  for (const [kind, prompts] of [
    ['all kinds', unseen],
    ['open-domain questions', openDomain],
  ] as const) {
    test(`${title}: 95 % right, calibration error 0.05 or less on prompts never seen, ${kind}`, t => {
      const inDomain = prompts.filter(({ expert }) => expert !== 'none');
      const answers = inDomain.map(({ prompt, expert }) => {
        const [top, confidence] = topOf(route, prompt);
        return { correct: top === expert, confidence };
      });
      const accuracy = answers.filter(({ correct }) => correct).length / answers.length;
      const { error } = calibrationOf(answers, 10);
      t.diagnostic(
        `${answers.length} prompts: top-1 ${(100 * accuracy).toFixed(1)} %, calibration error ${error.toFixed(3)}`,
      );
      assert.ok(accuracy >= 0.95, `${accuracy}`);
      assert.ok(error <= 0.05, `${error}`);
    });
  }

  test(`${title}: at least half of small talk and at most 3 % of in-domain prompts abstain`, t => {
    const share = (none: boolean) => {
      const group = [...unseen, ...openDomain].filter(({ expert }) => (expert === 'none') === none);
      return group.filter(({ prompt }) => route(prompt).abstained).length / group.length;
    };
    t.diagnostic(`small talk ${(100 * share(true)).toFixed(1)} %, in-domain ${(100 * share(false)).toFixed(1)} %`);
    assert.ok(share(true) >= 0.5);
    assert.ok(share(false) <= 0.03);
  });

  test(`${title}: an equation goes to math alone, with its numbers and words as evidence`, () => {
    const { expert, weights, evidence } = route('Solve this equation: x² + 5x + 6 = 0');
    assert.equal(expert, 'math');
    assert.deepEqual(weights, { math: 1 });
    assert.ok(evidence.every(({ expert: spokenFor }) => spokenFor === 'math'));
    assert.ok(evidence.every(({ contribution }, i) => i === 0 || contribution <= evidence[i - 1]!.contribution));
  });

  test(`${title}: code with an explanation of its mathematics is shared, near 50/40/10`, t => {
    const { expert, weights } = route('Write Python code to solve quadratic equations and explain the math');
    t.diagnostic(JSON.stringify(weights));
    assert.equal(expert, undefined);
    assert.deepEqual(Object.keys(weights), ['code', 'math', 'qa']);
    for (const [name, share] of Object.entries({ code: 0.5, math: 0.4, qa: 0.1 })) {
      assert.ok(Math.abs(weights[name]! - share) <= 0.12, `${name} ${weights[name]}`);
    }
  });

  test(`${title}: a request of two kinds is a blend of both`, t => {
    for (const { prompt, order } of mixed) {
      const { expert, weights } = route(prompt);
      t.diagnostic(`${prompt}: ${JSON.stringify(weights)}`);
      assert.equal(expert, undefined, prompt);
      const [first, second] = order;
      assert.ok(weights[first!]! >= 0.3 && weights[second!]! >= 0.15, prompt);
    }
  });

  test(`${title}: code about mathematics is code alone`, () => {
    for (const prompt of [
      'Write a function to find the nth fibonacci number.',
      'Write a python function to find the sum of the squares of the first n natural numbers.',
      'write a program to calculate the area of a circle',
    ]) {
      assert.equal(route(prompt).expert, 'code', prompt);
    }
  });

  test(`${title}: words inside words, hyphens and code operators do not decide`, () => {
    assert.equal(topOf(route, 'Where is the terminus of the old railway?')[0], 'qa');
    assert.equal(topOf(route, 'Who invented the x-ray machine?')[0], 'qa');
    assert.notEqual(topOf(route, 'what is my address')[0], 'math');
    assert.equal(topOf(route, 'What does `total += a * b - c / d` do in this JavaScript loop?')[0], 'code');
    assert.equal(topOf(route, 'x => x + 1')[0], 'code');
    assert.notEqual(topOf(route, 'What is 12 - 5?')[0], 'code');
  });

  test(`${title}: nothing to go by leaves the prompt to the base`, () => {
    for (const prompt of ['', '  \n', '???', '+-*/', 'asdf qwer zxcv', 'hello there'])
      assert.equal(route(prompt).abstained, true, prompt);
  });

  test(`${title}: capitals and the question mark do not matter`, () => {
    for (const prompt of ['Who wrote Middlemarch?', 'What is 12 * 9?']) {
      assert.deepEqual(route(prompt).weights, route(prompt.toLowerCase().replace('?', '')).weights);
    }
  });
}

test('weights sum to one, or the router abstained', t => {
  const route = routerFrom(prior.model);
  const began = performance.now();
  const routes = unseen.map(({ prompt }) => route(prompt));
  t.diagnostic(`${((performance.now() - began) / unseen.length).toFixed(3)} ms a prompt`);
  for (const { weights, abstained } of routes) {
    const sum = Object.values(weights).reduce((a, b) => a + b, 0);
    assert.ok(Math.abs(sum - (abstained ? 0 : 1)) < 1e-9, `${sum}`);
  }
});

test('the example experts get their own held-out prompts alone', t => {
  const route = routerFrom(trainRouter({ prior, experts: examplePrompts('train'), seed: 1 }));
  for (const { name, prompts } of examplePrompts('heldout')) {
    const alone = prompts.filter(prompt => (route(prompt).weights[name] ?? 0) >= 0.9).length;
    t.diagnostic(`${name}: ${alone} of ${prompts.length}`);
    assert.ok(alone / prompts.length >= 0.98, name);
  }
});

test('the blend does not hang on the seed', t => {
  const tops = [1, 2, 3, 4].map(seed => {
    const route = routerFrom(trainRouter({ prior, experts: examplePrompts('train'), seed }));
    return route('Write Python code to solve quadratic equations and explain the math').weights;
  });
  t.diagnostic(JSON.stringify(tops));
  for (const { code, math, qa } of tops) {
    assert.ok(Math.abs(code! - 0.5) <= 0.1 && Math.abs(math! - 0.4) <= 0.1 && Math.abs(qa! - 0.1) <= 0.06);
  }
});

function topOf(route: Router, prompt: string): [string, number] {
  return Object.entries(route(prompt).weights).sort((a, b) => b[1] - a[1])[0] ?? ['none', 1];
}
