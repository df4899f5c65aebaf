import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { createConstraint } from '../../../src/engine/constraints/createConstraint.ts';
import { allLogits } from '../../../src/engine/runtime/model.ts';
import { openModel } from '../../../src/engine/runtime/openModel.ts';
import { type BaseText, loadBase, readBaseText } from '../../../src/experiment/base.ts';
import { createSampler } from '../../../src/nn/decode/sample.ts';
import { Random } from '../../../src/nn/tensor/random.ts';
import { promptIds } from '../../../src/nn/tokenizer/chatTemplate.ts';
import { constrainedAnswer } from '../../support/constrainedAnswer.ts';
import { randomSchema } from '../../support/randomSchema.ts';
import { schemaProblem } from '../../support/schemaCheck.ts';

let text: BaseText;
before(async () => {
  text = (await readBaseText('media/base'))!;
});

const schemaFormat = (schema: unknown) => ({ kind: 'schema' as const, schema: schema as Record<string, unknown> });

test('whole answers to random schemas fit them, whatever the logits', async () => {
  let whole = 0;
  for (let seed = 1; seed <= 100; seed++) {
    const schema = randomSchema(new Random(seed));
    const answer = constrainedAnswer(await createConstraint(text, schemaFormat(schema)), text, seed);
    if (!answer.isWhole) continue;
    whole++;
    assert.equal(schemaProblem(schema, answer.text), undefined, `${seed} ${JSON.stringify(schema)} ${answer.text}`);
  }
  assert.ok(whole >= 95, `${whole} of 100 came to an end`);
});

test('any JSON object, the longest of random logits too, is one line that parses', async () => {
  for (let seed = 1; seed <= 10; seed++) {
    const answer = constrainedAnswer(await createConstraint(text, { kind: 'json' }), text, seed);
    if (!answer.isWhole) continue;
    assert.equal(schemaProblem({ type: 'object' }, answer.text), undefined, answer.text);
    assert.doesNotMatch(answer.text, /\n|^ | $/);
  }
});

test('the embedded base answers in the form of a schema', async () => {
  const base = await loadBase('media/base');
  const model = await openModel(base, 1);
  const own = base.text();
  const schema = {
    type: 'object',
    properties: {
      animal: { enum: ['cat', 'dog', 'hen'] },
      legs: { type: 'integer', minimum: 0, maximum: 12 },
      says: { type: 'string', maxLength: 12 },
    },
    required: ['animal', 'legs', 'says'],
  };
  const ids = promptIds(
    own.tokenizer,
    own.chatTemplate,
    [{ role: 'user', content: 'How many legs do 3 cats have?' }],
    false,
  );
  const constraint = await createConstraint(own, schemaFormat(schema));
  const sample = createSampler({ temperature: 0, topK: 0, topP: 1, repetitionPenalty: 1, seed: 1 });
  const answer: number[] = [];
  for (let i = 0; i < 60 && !constraint.isComplete; i++) {
    const logits = await allLogits(model, [...ids, ...answer], {});
    const id = sample(logits.subarray(logits.length - base.config.vocab), [], constraint.mask());
    constraint.accept(id);
    answer.push(id);
  }
  assert.equal(schemaProblem(schema, own.tokenizer.decode(answer)), undefined, own.tokenizer.decode(answer));
  await model.dispose();
});

test('a call is one of the tools, or the one that is named; without it the request is refused', async () => {
  const values = ['add', 'find'].map(name => ({
    name,
    before: `{"name": "${name}", "arguments": `,
    schema: { type: 'object', properties: { text: { type: 'string', maxLength: 5 } } },
  }));
  const calls = { open: '<call>', values, close: '}', next: ', ', end: '</call>' };
  const named = new Set<string>();
  for (let seed = 1; seed <= 8; seed++) {
    const answer = constrainedAnswer(await createConstraint(text, { kind: 'call' }, calls), text, seed);
    named.add(/^<call>\{"name": "(add|find)", "arguments": \{.*\}\}<\/call>$/.exec(answer.text)?.[1] ?? answer.text);
    const one = constrainedAnswer(await createConstraint(text, { kind: 'call', name: 'find' }, calls), text, seed);
    assert.match(one.text, /^<call>\{"name": "find"/);
  }
  assert.deepEqual([...named].sort(), ['add', 'find']);
  const several = { kind: 'call', several: true } as const;
  const counts = [1, 2, 3, 4, 5, 6].map(async seed => {
    const answer = constrainedAnswer(await createConstraint(text, several, calls), text, seed);
    const made = answer.text.slice('<call>'.length, -'</call>'.length);
    return answer.text.endsWith('</call>') ? JSON.parse(`[${made}]`).length : 0;
  });
  assert.ok((await Promise.all(counts)).some(count => count > 1));
  await assert.rejects(createConstraint(text, { kind: 'call', name: 'gone' }, calls), {
    code: 'badRequest',
    message: /no tool 'gone'/,
  });
  await assert.rejects(createConstraint(text, { kind: 'call' }), { code: 'badRequest', message: /no tools/ });
});

test('answers of one schema at once do not know of each other', async () => {
  const format = schemaFormat({ type: 'array', items: { type: 'integer' }, maxItems: 3 });
  const [a, b] = [await createConstraint(text, format), await createConstraint(text, format)];
  const ids = (json: string) => text.tokenizer.encode(json, { addSpecialTokens: false });
  for (const id of ids('[1,2,3')) a.accept(id);
  const comma = ids(',')[0]!;
  for (const id of ids('[1')) b.accept(id);
  const allows = (c: typeof a, id: number) => (c.mask()![id >> 5]! & (1 << (id & 31))) !== 0;
  assert.deepEqual([allows(a, comma), allows(b, comma)], [false, true]);
  a.dispose();
  assert.equal(allows(b, comma), true);
});
