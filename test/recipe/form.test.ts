import assert from 'node:assert/strict';
import test from 'node:test';
import type { TrainingForm } from '../../src/protocol/views/training.ts';
import { recipeForm } from '../../src/recipe/form.ts';
import { readRecipe } from '../../src/recipe/parse.ts';
import { loraSettings, trainingSettings } from '../../src/recipe/schema.ts';

const formOf = (recipe: unknown) => recipeForm(readRecipe(JSON.stringify(recipe)), true);
const experts = {
  math: { data: { train: 'math.jsonl' } },
  code: { data: { train: 'code.jsonl' }, lora: { rank: 32 } },
};

function field(form: TrainingForm, expert: string | undefined, ...path: string[]) {
  const scope = form.scopes.find(s => s.expert === expert)!;
  const wanted = JSON.stringify(expert === undefined ? path : ['experts', expert, ...path]);
  return scope.sections.flatMap(s => s.fields).find(f => JSON.stringify(f.path) === wanted)!;
}

test('every setting of factors and of training is asked for once, for all experts and for each', () => {
  const { scopes } = formOf({ experts });
  assert.deepEqual(
    scopes.map(s => s.expert),
    [undefined, 'math', 'code'],
  );
  for (const { expert, sections } of scopes) {
    const paths = sections.flatMap(s => s.fields.map(f => f.path.slice(expert === undefined ? 0 : 2).join('.')));
    for (const [group, settings] of Object.entries({ lora: loraSettings, training: trainingSettings }))
      assert.deepEqual(
        paths.filter(path => path.startsWith(`${group}.`)),
        Object.keys(settings.shape).map(key => `${group}.${key}`),
      );
  }
});

test('no setting of answers or of evaluation is among them', () => {
  const paths = formOf({ experts }).scopes[0]!.sections.flatMap(s => s.fields.map(f => f.path[0]));
  assert.deepEqual([...new Set(paths)], ['base', 'quantization', 'seed', 'output', 'lora', 'training']);
});

test('what an expert does not say is what holds for all', () => {
  const form = formOf({ lora: { rank: 4 }, experts });
  assert.deepEqual(field(form, undefined, 'lora', 'rank').otherwise, 16);
  const { value, otherwise, isWritten } = field(form, 'math', 'lora', 'rank');
  assert.deepEqual([value, otherwise, isWritten], [4, 4, false]);
  const own = field(form, 'code', 'lora', 'rank');
  assert.deepEqual([own.value, own.otherwise, own.isWritten], [32, 4, true]);
});

test('controls, limits and words are the schema’s', () => {
  const form = formOf({ experts });
  assert.deepEqual(field(form, undefined, 'lora', 'rank').control, {
    kind: 'number',
    isWhole: true,
    min: 1,
    max: 1024,
  });
  assert.deepEqual(field(form, undefined, 'training', 'schedule').control, {
    kind: 'choice',
    options: [
      { value: 'constant', text: 'Stays at its peak.' },
      { value: 'linear', text: 'Falls on a line.' },
      { value: 'cosine', text: 'Falls on half a cosine wave: slowly, faster, slowly (Loshchilov & Hutter 2017).' },
    ],
  });
  assert.deepEqual(field(form, undefined, 'training', 'recompute').control, {
    kind: 'choice',
    options: [{ value: 'auto' }, { value: true }, { value: false }],
  });
  const { control, label } = field(form, undefined, 'lora', 'targets');
  assert.equal(control.kind, 'some');
  assert.equal(label, 'Targets');
  assert.equal(field(form, 'math', 'data', 'train').label, 'Train data');
});

test('what is wrong stands beside its field; what has none stands above', () => {
  const form = formOf({ lora: { rank: 'x' }, experts, blends: { b: { zzzzzzzz: 1 } } });
  assert.equal(field(form, undefined, 'lora', 'rank').problem, 'Must be a number, got "x"');
  assert.equal(field(form, undefined, 'lora', 'rank').value, 'x');
  assert.deepEqual(form.problems, ["blends.b.zzzzzzzz: no expert is called 'zzzzzzzz'; there are: math, code"]);
  assert.equal(form.isValid, false);
});

test('a text that is no recipe has no fields, and says why', () => {
  for (const text of ['', '{ "lora": ', '[]', 'null']) {
    const form = recipeForm(readRecipe(text), false);
    assert.deepEqual([form.scopes, form.isValid], [[], false], text);
    assert.ok(form.problems.length > 0, text);
  }
});

test('an expert with an adapter is not trained', () => {
  const form = formOf({ experts: { old: { adapter: 'a' }, ...experts } });
  assert.deepEqual(form.experts, ['math', 'code']);
});
