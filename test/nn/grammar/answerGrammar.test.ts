import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { type BaseText, readBaseText } from '../../../src/experiment/base.ts';
import { type AnswerForm, answerGrammar, jsonForm } from '../../../src/nn/grammar/answerGrammar.ts';
import type { Schema } from '../../../src/nn/grammar/schemaKeywords.ts';
import { createTokenConstraint } from '../../../src/nn/grammar/tokenConstraint.ts';
import { createVocabulary, type Vocabulary } from '../../../src/nn/grammar/vocabulary.ts';

let text: BaseText;
let vocabulary: Vocabulary;
before(async () => {
  text = (await readBaseText('media/base'))!;
  vocabulary = createVocabulary(text.tokenizer, text.stopIds);
});

const isSet = (mask: Int32Array, id: number) => (mask[id >> 5]! & (1 << (id & 31))) !== 0;

/** Where a text, written byte by byte, first is not what the form allows; whether it may end there else. */
function reading(form: AnswerForm, answer: string): string {
  const { tokenizer, stopIds } = text;
  const { pushdown } = answerGrammar(vocabulary, form);
  const constraint = createTokenConstraint(pushdown, stopIds, vocabulary.words);
  const isByte = (id: number) => tokenizer.bytesOf(id).length === 1;
  const byteTokens = new Map(
    Array.from({ length: tokenizer.vocabSize }, (_, id) => id)
      .filter(isByte)
      .map(id => [tokenizer.bytesOf(id)[0]!, id]),
  );
  const ids = tokenizer
    .encode(answer, { addSpecialTokens: false })
    .flatMap(id =>
      tokenizer.specialIds.has(id) ? [id] : [...tokenizer.bytesOf(id)].map(byte => byteTokens.get(byte)!),
    );
  for (const [i, id] of ids.entries()) {
    if (!isSet(constraint.mask()!, id)) return `${tokenizer.decode(ids.slice(0, i))}⟨${tokenizer.decode([id])}⟩`;
    constraint.accept(id);
  }
  const canEnd = isSet(constraint.mask()!, stopIds[0]!);
  assert.ok(stopIds.every(id => isSet(constraint.mask()!, id) === canEnd));
  return canEnd ? (constraint.isComplete ? 'whole' : 'may end') : 'cut';
}

const cases: [schema: Schema, answers: Record<string, string>][] = [
  [true, { '{"a": [1,2.5e3, null]}': 'whole', '"ü\\n\\u00e9"': 'whole', '-0.5': 'may end', '01': '0⟨1⟩', tru: 'cut' }],
  [{}, { '"\\ud83d': '"\\ud⟨8⟩', '[': 'cut', '[1 ]': '[1⟨ ⟩', '1e999': '1e99⟨9⟩' }],
  [false, {}],
  [{ const: 'ä"' }, { '"ä\\""': 'whole', '"a"': '"⟨a⟩' }],
  [{ enum: [1, 12, 'x', { b: 1, a: null }] }, { '1': 'may end', '12': 'whole', '{"b": 1,"a":null}': 'whole' }],
  [
    { enum: ['a', 2, 30], type: 'integer', maximum: 9 },
    { '2': 'whole', '30': '⟨3⟩', '"a"': '⟨"⟩' },
  ],
  [
    { type: 'object', properties: { a: { type: 'integer' }, b: { type: 'null' } }, required: ['b'] },
    {
      '{"b":null}': 'whole',
      '{"a": 1, "b": null}': 'whole',
      '{"a": 1}': '{"a": 1⟨}⟩',
      '{"b": null, "c": 1}': '{"b": null⟨,⟩',
      '{ "b"': '{⟨ ⟩',
    },
  ],
  [
    { type: 'object', properties: {} },
    { '{}': 'whole', '{"a"': '{⟨"⟩' },
  ],
  [
    { type: 'object', properties: { a: { type: 'null' } }, additionalProperties: { type: 'boolean' } },
    { '{"b": true}': 'whole', '{"a": true}': '{"a": ⟨t⟩', '{"aa": true}': 'whole', '{"\\u0061"': '{"⟨\\⟩' },
  ],
  [
    { type: 'object', maxProperties: 1 },
    { '{"b": true}': 'whole', '{"b": true,': '{"b": true⟨,⟩' },
  ],
  [
    { type: 'array', items: { type: 'null' }, minItems: 1, maxItems: 2 },
    { '[]': '[⟨]⟩', '[null,null]': 'whole' },
  ],
  [
    { type: 'array', prefixItems: [{ type: 'null' }], items: false },
    { '[]': 'whole', '[null,': '[null⟨,⟩' },
  ],
  [
    { type: 'array', maxItems: 3, uniqueItems: false },
    { '[1, "a", {}]': 'whole', '[1,2,3,': '[1,2,3⟨,⟩' },
  ],
  [
    { type: 'string', minLength: 2, maxLength: 3 },
    { '"ü"': '"ü⟨"⟩', '"日本語"': 'whole', '"\\n\\u00e9😀x"': '"\\n\\u00e9😀⟨x⟩' },
  ],
  [
    { type: 'string', pattern: '^a+b?$' },
    { '"aab"': 'whole', '"b"': '"⟨b⟩', '"abb"': '"ab⟨b⟩' },
  ],
  [
    { type: 'string', pattern: 'a|^b$', maxLength: 3 },
    { '"xxa"': 'whole', '"b"': 'whole', '"xxx"': '"xx⟨x⟩' },
  ],
  [
    { type: 'string', pattern: '^[^a]\\n$' },
    { '"é\\n"': 'whole', '"a': '"⟨a⟩' },
  ],
  [
    { type: 'string', format: 'date' },
    { '"2026-12-01"': 'whole', '"2026-13': '"2026-1⟨3⟩' },
  ],
  [
    { type: 'integer', minimum: -3, exclusiveMaximum: 120 },
    { '119': 'whole', '120': '12⟨0⟩', '-3': 'whole', '-4': '-⟨4⟩' },
  ],
  [
    { type: 'integer', multipleOf: 7, minimum: 8, maximum: 30 },
    { '14': 'whole', '15': '1⟨5⟩', '28': 'whole' },
  ],
  [
    { type: 'number', exclusiveMinimum: 0.5, maximum: 0.75 },
    { '0.5': 'cut', '0.51': 'may end', '0.76': '0.7⟨6⟩', '1': '⟨1⟩' },
  ],
  [
    { type: 'number', maximum: -2 },
    { '-2': 'may end', '-1': 'cut', '-1.5': '-1⟨.⟩', '2': '⟨2⟩' },
  ],
  [
    {
      $defs: {
        'a/b': { type: 'object', properties: { next: { anyOf: [{ $ref: '#/$defs/a~1b' }, { type: 'null' }] } } },
      },
      $ref: '#/$defs/a~1b',
      required: ['next'],
    },
    { '{"next": {"next": null}}': 'whole', '{"next": {}}': 'whole', '{}': '{⟨}⟩' },
  ],
  [
    { allOf: [{ properties: { a: { minimum: 1 } } }, { type: 'object', properties: { a: { type: 'integer' } } }] },
    { '{"a": 1}': 'whole', '{"a": 0': '{"a": ⟨0⟩' },
  ],
  [
    {
      oneOf: ['x', 'y'].map(k => ({ type: 'object', properties: { k: { const: k }, [k]: true }, required: ['k', k] })),
    },
    { '{"k": "y", "y": 1}': 'whole', '{"k": "y", "x"': '{"k": "y", "⟨x⟩' },
  ],
];

test('what a schema allows is read to its end, and nothing else further than it fits', () => {
  for (const [schema, answers] of cases)
    for (const [answer, expected] of Object.entries(answers))
      assert.equal(reading(jsonForm(schema), answer), expected, `${JSON.stringify(schema)} ${answer}`);
});

test('a keyword that answers cannot be held to is refused by name', () => {
  const refused: [Schema, RegExp][] = [
    [{ type: 'array', uniqueItems: true }, /'uniqueItems' at #/],
    [{ properties: { a: { not: {} } } }, /'not' at #\/properties\/a/],
    [{ if: {} }, /'if'/],
    [{ patternProperties: { a: true } }, /'patternProperties'/],
    [{ dependentRequired: { a: ['b'] } }, /'dependentRequired'/],
    [{ unevaluatedProperties: false }, /'unevaluatedProperties'/],
    [{ contains: {} }, /'contains'/],
    [{ propertyNames: { pattern: '^a' } }, /'propertyNames'/],
    [{ minProperties: 2, additionalProperties: true }, /'minProperties'/],
    [{ multipleOf: 0.01 }, /'multipleOf'/],
    [{ type: 'integer', format: 'int32' }, /'format: int32'/],
    [{ oneOf: [{ type: 'integer' }, { type: 'number' }] }, /'oneOf' at #/],
    [{ $ref: 'https://example.com/schema' }, /'\$ref'.*outside/],
    [{ nullable: true }, /'nullable'/],
    [{ enum: [{}], properties: {} }, /'properties'.*beside/],
    [{ pattern: 'b(?!a)' }, /the group \(\?!/],
    [{ pattern: '(a)\\1' }, /\\1/],
    [{ pattern: 'a^' }, /a \^/],
  ];
  for (const [schema, message] of refused)
    assert.throws(() => answerGrammar(vocabulary, jsonForm(schema)), { code: 'unsupported', message }, String(message));
});

test('what is no schema, or fits no JSON, is refused', () => {
  const wrong: [unknown, RegExp][] = [
    [7, /should be an object/],
    [{ type: 'text' }, /'type' that should be one of null/],
    [{ minLength: -1 }, /'minLength' that should be an integer/],
    [{ properties: [] }, /'properties'/],
    [{ $ref: '#/nowhere' }, /refers to '#\/nowhere', which is not in it/],
    [{ $ref: '#' }, /refers to itself/],
    [{ pattern: '(' }, /no regular expression/],
    [false, /fits no JSON/],
    [{ type: 'integer', minimum: 2, maximum: 1 }, /fits no JSON/],
    [{ properties: { a: { $ref: '#' } }, required: ['a'], type: 'object' }, /fits no JSON/],
    [{ type: 'string', pattern: '^a{3}$', maxLength: 2 }, /fits no JSON/],
  ];
  for (const [schema, message] of wrong)
    assert.throws(() => answerGrammar(vocabulary, jsonForm(schema as Schema)), { code: 'badRequest', message });
});

/** Compiling or the first tokens of these would take long if they were unfolded. */
test('schemas that are large when they are unfolded are held to or refused', () => {
  const chain = (count: number, step: (next: Schema) => Schema) => ({
    $defs: Object.fromEntries(
      Array.from({ length: count }, (_, i) => [`d${i}`, step({ $ref: `#/$defs/d${(i + 1) % count}` })]),
    ),
    $ref: '#/$defs/d0',
  });
  const options = (i: number) => ({
    anyOf: [0, 1, 2, 3, 4, 5, 6, 7].map(j => ({ properties: { [`k${i}`]: { const: j } } })),
  });
  const held: Schema[] = [
    { type: 'array', minItems: 1e9 },
    { type: 'string', minLength: 1e9, maxLength: 2e9 },
    { enum: Array.from({ length: 8000 }, (_, i) => `v${i}`) },
    { type: 'object', properties: Object.fromEntries(Array.from({ length: 600 }, (_, i) => [`p${i}`, { $ref: '#' }])) },
    { type: 'string', pattern: '^(a|aa)+(b|bb|[^c])*(.*x){20}$' },
    chain(500, next => ({ type: 'object', properties: { a: next } })),
  ];
  for (const schema of held) {
    const { pushdown } = answerGrammar(vocabulary, jsonForm(schema));
    const constraint = createTokenConstraint(pushdown, text.stopIds, vocabulary.words);
    assert.ok(constraint.mask()!.some(word => word !== 0));
  }
  const refused: Schema[] = [
    { type: 'string', pattern: '^(((a{1,99}){1,99}){1,99}){1,99}$' },
    { type: 'string', pattern: '^a*$', minLength: 1e9 },
    { allOf: Array.from({ length: 12 }, (_, i) => options(i)) },
    chain(60, next => ({ allOf: [next, next] })),
    JSON.parse(`${'{"items":'.repeat(5000)}{}${'}'.repeat(5000)}`) as Schema,
    { description: 'x'.repeat(100_001) },
  ];
  for (const schema of refused)
    assert.throws(() => answerGrammar(vocabulary, jsonForm(schema)), { name: 'WorkbenchError' });
});

test('texts around the JSON are written as they are, special tokens as such, one alternative of several', () => {
  const end = text.tokenizer.specialTokens.find(token => !text.stopIds.includes(text.tokenizer.idOf(token)!))!;
  assert.ok(end);
  const calls: AnswerForm = {
    open: '<call>',
    values: [
      {
        before: '{"name": "add", "arguments": ',
        schema: { type: 'object', properties: { a: { type: 'integer' } } },
      },
      {
        before: '{"name": "find", "arguments": ',
        schema: { type: 'object', properties: { q: { type: 'null' } } },
      },
    ],
    close: '}</call>',
    next: '\n<call>',
    end,
  };
  assert.equal(reading(calls, `<call>{"name": "add", "arguments": {"a":1}}</call>${end}`), 'whole');
  assert.equal(reading(calls, '<call>{"name": "add", "arguments": {"a":1}}</call>'), 'cut');
  const one = { ...calls, next: undefined, end: '' };
  assert.equal(reading(one, '<call>{"name": "find", "arguments": {"q": null}}</call>'), 'whole');
  const [add, find] = [
    '<call>{"name": "add", "arguments": {}}</call>',
    '<call>{"name": "find", "arguments": {}}</call>',
  ];
  assert.equal(reading(calls, `${add}\n${find}\n${add}${end}`), 'whole');
  assert.equal(reading(calls, `${add}\n${find}`), 'cut');
  assert.equal(reading(one, `${add}\n`), `${add}⟨\n⟩`);
  assert.equal(reading(calls, '<call>{"name": "find", "arguments": {"a"'), '<call>{"name": "find", "arguments": {"⟨a⟩');
  assert.match(reading(jsonForm(true), `"${end}`), /^"⟨/);
});

test('a token that is not allowed is not taken, and nothing follows the end', () => {
  const { pushdown } = answerGrammar(vocabulary, jsonForm({ type: 'null' }));
  const constraint = createTokenConstraint(pushdown, text.stopIds, vocabulary.words);
  const [stop] = text.stopIds;
  assert.throws(() => constraint.accept(stop!), { code: 'runtime' });
  for (const id of text.tokenizer.encode('null', { addSpecialTokens: false })) constraint.accept(id);
  assert.equal(constraint.isComplete, true);
  constraint.accept(stop!);
  assert.deepEqual(
    [...text.tokenizer.specialIds, 5, 60].filter(id => isSet(constraint.mask()!, id)).sort(),
    text.stopIds.filter(id => text.tokenizer.specialIds.has(id)).sort(),
  );
  assert.throws(() => constraint.accept(60), { code: 'runtime' });
});
