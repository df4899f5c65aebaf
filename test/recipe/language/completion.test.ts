import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseTree } from 'jsonc-parser';
import { mergeMethods } from '../../../src/protocol/mergeMethod.ts';
import { completionsAt, listedAt } from '../../../src/recipe/language/completion.ts';
import type { Completion } from '../../../src/recipe/language/offers.ts';
import { readRecipe } from '../../../src/recipe/parse.ts';
import { embedded, marked, worldOf } from './marked.ts';

const world = worldOf({ data: { 'math/train.jsonl': '{"problem": "1", "solution": "2", "level": 3}' } });

const listings = {
  dataFiles: [
    { name: 'math/train.jsonl' },
    { name: 'b$}.csv' },
    { name: 'openai/gsm8k:main', from: 'Hugging Face cache · 2.3 MB' },
  ],
  adapters: ['adapters/a'],
  bases: [{ name: 'owner/small', from: 'Hugging Face cache' }],
};

const dataNames = listings.dataFiles.map(({ name }) => name);

function complete(source: string): Completion[] {
  const { text, cursor } = marked(source);
  return completionsAt(readRecipe(text), cursor, world, listings);
}

/** What is offered at `‸`, and, with `accepted`, what choosing the first leaves of the text. */
function check(
  name: string,
  source: string,
  expected: string[] | ((labels: string[]) => void),
  accepted?: string,
): void {
  test(name, () => {
    const found = complete(source);
    const labels = found.map(c => c.label);
    if (Array.isArray(expected)) assert.deepEqual(labels, expected);
    else expected(labels);
    if (accepted === undefined) return;
    const { text } = marked(source);
    const [{ range, insert }] = found as [Completion];
    const plain = insert.replace(/\$\{\d:((?:\\.|[^}])*)\}|\$\d/g, '$1').replace(/\\([\\$}])/g, '$1');
    assert.equal(text.slice(0, range.start) + plain + text.slice(range.end), accepted);
  });
}

const experts = '"experts": {"math": {"description": "Sums."}, "code": {}}';

check('keys that are not there yet', '{"seed": 1, ‸}', labels => {
  assert.ok(labels.includes('experts') && labels.includes('lora') && !labels.includes('seed'), labels.join());
});
check('a key in quotes, before another', '{"gener‸" "seed": 1}', labels => assert.ok(labels.includes('generation')));
check(
  'a key alone keeps its value',
  '{"experts": {"a": {"data": {"tr‸": "x"}}}}',
  ['train', 'validation', 'columns', 'system'],
  '{"experts": {"a": {"data": {"train": "x"}}}}',
);
check(
  'what must be there comes first',
  '{"evaluation": {"sets": {"s": {‸}}}}',
  labels => assert.deepEqual(labels.slice(0, 1), ['data']),
  '{"evaluation": {"sets": {"s": {"data": ""}}}}',
);
check(
  'a default to begin with, and a comma',
  '{"lora": {‸"alpha": 3}}',
  labels => assert.equal(labels[0], 'rank'),
  '{"lora": {"rank": 16,"alpha": 3}}',
);
check(
  'values of an enumeration',
  '{"training": {"schedule": ‸}}',
  ['constant', 'linear', 'cosine'],
  '{"training": {"schedule": "constant"}}',
);
check('booleans', '{"lora": {"rslora": ‸}}', ['true', 'false']);
check('within a comment nothing', '{ // here‸\n}', []);
check('within a block comment nothing', '{ /* here‸ */ }', []);
check(
  'kinds of steps, whole',
  '{"steps": [‸]}',
  ['note', 'train', 'ask', 'blend', 'merge', 'evaluate'],
  '{"steps": [{ "do": "note", "text": "" }]}',
);
check('keys of the kind that was chosen', '{"steps": [{"do": "merge", ‸}]}', ['merge']);
check('kinds of routers', '{"router": {"kind": ‸}}', ['learned', 'keywords', 'tokens', 'arrow']);
check(
  'datasets that exist',
  `{"experts": {"math": {"data": {"train": "‸"}}}}`,
  dataNames,
  '{"experts": {"math": {"data": {"train": "math/train.jsonl"}}}}',
);
check('signs of a snippet in a path', `{"evaluation": {"sets": {"s": {"data": "‸"}}}}`, dataNames);
check('adapters that exist', '{"experts": {"math": {"adapter": "‸"}}}', ['adapters/a']);
check('bases: embedded, downloaded, of the workspace', '{"base": "‸"}', ['embedded', 'owner/small']);
check('targets that the base has', '{"lora": {"targets": ["q_proj", "‸"]}}', labels =>
  assert.deepEqual(labels.slice(0, 2), ['q_proj', 'k_proj']),
);
check(
  'experts in a blend, without those that are there',
  `{${experts}, "blends": {"b": {"math": 1, "‸"}}}`,
  ['code'],
  `{${experts}, "blends": {"b": {"math": 1, "code": 1}}}`,
);
check('experts of a step', `{${experts}, "steps": [{"do": "train", "experts": ["math", "‸"]}]}`, ['code']);
check(
  'who can be asked',
  `{${experts}, "merges": {"both": {"weights": {"math": 1}}}, "steps": [{"do": "ask", "expert": "‸"}]}`,
  ['math', 'code', 'both', 'base', 'auto'],
);
check(
  'who may have a minimum',
  `{${experts}, "blends": {"b": {}}, "evaluation": {"sets": {"s": {"minimum": {"math": 1, "‸"}}}}}`,
  ['code', 'b', 'base', 'auto'],
);
check('blends of a step', '{"blends": {"b": {}}, "steps": [{"do": "ask", "blend": "‸"}]}', ['b']);
check(
  'a new expert',
  `{"experts": {"expert": {}, "‸"}}`,
  ['New expert'],
  '{"experts": {"expert": {}, "expert2": {\n  "description": "",\n  "domain": "",\n  "data": { "train": "" }\n}}}',
);
check('a new blend', '{"blends": {‸}}', ['New blend'], '{"blends": {"blend": {  }}}');
check('a new recipe', '‸', ['New recipe']);

test('a new recipe is one without problems of its text', () => {
  const [{ insert }] = complete('‸') as [Completion];
  const plain = insert.replace(/\$\{\d:([^}]*)\}|\$\d/g, '$1').replace('"prompt": ""', '"prompt": "p"');
  const { problems, parts } = readRecipe(plain);
  assert.deepEqual(problems, []);
  assert.deepEqual(Object.keys(parts!.experts), ['math', 'code']);
});

test('every merge method comes with a sentence', () => {
  const found = complete('{"merges": {"m": {"method": "‸"}}}');
  assert.deepEqual(
    found.map(c => c.label),
    mergeMethods,
  );
  assert.ok(found.every(c => /^[A-Z].*\.$/.test(c.documentation!)));
});

test('targets come with the sizes that they have in the base', () => {
  const { text, cursor } = marked('{"base": "owner/narrow", "lora": {"targets": ["‸"]}}');
  const narrow = worldOf({ base: { config: { ...embedded, kvHeads: 1, headDim: 8, layers: 3 } } });
  const found = completionsAt(readRecipe(text), cursor, narrow, listings);
  assert.deepEqual(
    found.slice(0, 2).map(c => [c.label, c.detail]),
    [
      ['q_proj', `[${8 * embedded.heads}, 256], 3 layers`],
      ['k_proj', '[8, 256], 3 layers'],
    ],
  );
});

test('signs that mean something in snippets are kept', () => {
  const found = complete('{"experts": {"m": {"data": {"train": ‸}}}}');
  assert.equal(found[1]!.insert, '"b\\$\\}.csv"');
});

test('keys come with description, default and example', () => {
  const found = complete('{"lora": {‸}}').find(c => c.label === 'targets')!;
  assert.match(found.documentation!, /^Linear layers that carry factors.*Example: `\["q_proj","v_proj"\]`$/s);
  assert.equal(complete('{"lora": {‸}}').find(c => c.label === 'rank')!.detail, '16');
});

test('at no offset of a recipe does it throw, and what is replaced is in one line', () => {
  const text = `{\n  // c\n  ${experts},\n  "lora": {"targets": ["q_proj"]},\n  "steps": [{"do": "ask", "prompt": "p"}]\n}\n`;
  assert.ok(parseTree(text));
  for (const cut of [text, text.slice(0, 60), text.slice(0, 97)]) {
    const reading = readRecipe(cut);
    for (let offset = 0; offset <= cut.length; offset++)
      for (const { range } of completionsAt(reading, offset, worldOf(), listings)) {
        assert.ok(range.start <= offset && offset <= range.end);
        assert.ok(!cut.slice(range.start, range.end).includes('\n'));
      }
  }
});

test('files are looked for where one is named, and nowhere else', () => {
  const listed = (source: string) => {
    const { text, cursor } = marked(source);
    return listedAt(readRecipe(text), cursor);
  };
  assert.equal(listed('{"experts": {"math": {"data": {"train": "‸"}}}}'), 'dataFiles');
  assert.equal(listed('{"evaluation": {"sets": {"s": {"data": "‸"}}}}'), 'dataFiles');
  assert.equal(listed('{"experts": {"math": {"adapter": "‸"}}}'), 'adapters');
  assert.equal(listed('{"base": ‸}'), 'bases');
  for (const none of ['{‸}', '{"experts": {"math": {"data": {‸}}}}', '{"lora": {"rank": ‸}}', '{"ba‸se": "x"}'])
    assert.equal(listed(none), undefined, none);
});

check(
  'the columns of the data, where one is named',
  '{"experts": {"a": {"data": {"train": "math/train.jsonl", "columns": {"prompt": "‸"}}}}}',
  ['problem', 'solution', 'level'],
  '{"experts": {"a": {"data": {"train": "math/train.jsonl", "columns": {"prompt": "problem"}}}}}',
);
check('files for validation', '{"experts": {"a": {"data": {"validation": ‸}}}}', dataNames);
