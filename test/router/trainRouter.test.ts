import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Random } from '../../src/nn/tensor/random.ts';
import { routerFrom } from '../../src/router/learned.ts';
import { trainRouter } from '../../src/router/trainRouter.ts';
import { ownPrompts, prior, unseen } from './fixtures.ts';

test('the same seed gives the same bits, and another seed does not', () => {
  const train = (seed: number) => trainRouter({ prior, experts: ownPrompts(200), seed });
  const first = train(5);
  assert.deepEqual(train(5), first);
  assert.notDeepEqual(train(6).weights, first.weights);
});

test('training does not change the prior', () => {
  const before = prior.model.weights.slice();
  trainRouter({ prior, experts: ownPrompts(50), seed: 1 });
  assert.deepEqual(prior.model.weights, before);
});

test('a domain of its own works next to the prior from 40 prompts', t => {
  const random = new Random(2);
  const makers = [
    () =>
      `Is a ${random.choice(['contract', 'lease', 'will', 'deed'])} valid without a ${random.choice(['signature', 'witness', 'notary'])}?`,
    () =>
      `Can my ${random.choice(['landlord', 'employer', 'tenant'])} sue me for ${random.choice(['damages', 'breach', 'negligence'])}?`,
    () => `What does the statute say about ${random.choice(['custody', 'liability', 'fraud', 'trespass'])}?`,
  ];
  const law = { name: 'counsel', domain: 'law', prompts: Array.from({ length: 40 }, () => random.choice(makers)()) };
  const route = routerFrom(trainRouter({ prior, experts: [...ownPrompts(200), law], seed: 1 }));
  for (const prompt of ['Can my tenant sue me for fraud?', 'Is a lease valid if the landlord has no witness?']) {
    assert.ok((route(prompt).weights.counsel ?? 0) > 0.5, prompt);
  }
  const inDomain = unseen.filter(({ expert }) => expert !== 'none');
  const right = inDomain.filter(({ prompt, expert }) => {
    const weights = route(prompt).weights;
    return Object.keys(weights)[0] === expert;
  }).length;
  t.diagnostic(`the others: ${right} of ${inDomain.length}`);
  assert.ok(right / inDomain.length >= 0.95);
});

test('an expert may have any name, and a domain nobody speaks for is left to the base', () => {
  const [math, code] = ownPrompts(100);
  const route = routerFrom(
    trainRouter({
      prior,
      experts: [
        { ...math!, name: 'euler' },
        { ...code!, name: 'ada' },
      ],
      seed: 1,
    }),
  );
  assert.equal(route('What is 17 * 23?').expert, 'euler');
  assert.equal(route('Write a function to reverse a list.').expert, 'ada');
  assert.equal(route('who was the first emperor of rome').abstained, true);
});

test('two experts of one domain are told apart by their own prompts', () => {
  const [math] = ownPrompts(100);
  const fractions = {
    name: 'fractions',
    domain: 'math',
    prompts: Array.from({ length: 100 }, (_, i) => `Reduce the fraction ${i + 2}/${2 * i + 9} to lowest terms.`),
  };
  const route = routerFrom(trainRouter({ prior, experts: [{ ...math!, name: 'general' }, fractions], seed: 1 }));
  assert.equal(Object.keys(route('Reduce the fraction 9/21 to lowest terms.').weights)[0], 'fractions');
  assert.equal(Object.keys(route('What is 12 + 30?').weights)[0], 'general');
});

test('without own prompts the prior speaks under the expert names', () => {
  const experts = ['math', 'code', 'qa'].map(domain => ({ name: `my ${domain}`, domain, prompts: [] }));
  const route = routerFrom(trainRouter({ prior, experts, seed: 1 }));
  assert.equal(route('Write a function to reverse a list.').expert, 'my code');
});

test('forty domains of a few prompts each are told apart in phrases that none was trained on', () => {
  const random = new Random(4);
  const word = () =>
    Array.from({ length: 3 }, () => random.choice(['ba', 'ko', 'li', 'nur', 'sem', 'tra', 'vo'])).join('');
  const domains = Array.from({ length: 40 }, (_, i) => ({ name: `d${i}`, own: Array.from({ length: 6 }, word) }));
  const experts = domains.map(({ name, own }) => ({
    name,
    domain: name,
    prompts: Array.from({ length: 20 }, () => `What does the ${random.choice(own)} do to a ${random.choice(own)}?`),
  }));
  const route = routerFrom(trainRouter({ prior, experts, seed: 1 }));
  const right = domains.filter(({ name, own }) => {
    const { weights } = route(`We lost one ${own[0]}; is there another ${own[1]}?`);
    return Object.entries(weights).sort((a, b) => b[1] - a[1])[0]?.[0] === name;
  });
  assert.ok(right.length >= 36, `${right.length} of 40`);
  assert.equal(route('Write a function to reverse a list.').abstained, true);
});
