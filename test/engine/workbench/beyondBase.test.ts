import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { beyondBase } from '../../../src/engine/workbench/beyondBase.ts';
import { loadBase } from '../../../src/experiment/base.ts';

const { tokenizer } = (await loadBase('media/base')).text();

test('what the embedded base has never seen is told, with the words', () => {
  assert.deepEqual(beyondBase('Write Python code to solve quadratic equations and explain the math', tokenizer), [
    'Python',
    'code',
    'equations',
    'explain',
  ]);
  for (const prompt of [
    'Translate this poem into French and discuss its rhythm',
    'Summarize the history of the Roman empire',
    'Erkläre mir bitte, warum der Himmel blau ist.',
  ])
    assert.ok(beyondBase(prompt, tokenizer), prompt);
});

test('words that an expert learned from are not beyond it', () => {
  const prompt = 'Fix the search by date';
  assert.deepEqual(beyondBase(prompt, tokenizer), ['Fix', 'search']);
  assert.equal(beyondBase(prompt, tokenizer, new Set(['fix', 'search'])), undefined);
});

test('no question of the example’s domains is beyond it, whatever its functions are called', () => {
  for (const domain of ['math', 'code', 'qa'])
    for (const line of readFileSync(`examples/experts/${domain}/heldout.jsonl`, 'utf8').trim().split('\n')) {
      const question = JSON.parse(line).messages[0].content;
      assert.equal(beyondBase(question, tokenizer), undefined, question);
    }
  assert.equal(beyondBase('Write a JavaScript function frobnicateQux(zzyzx) that adds 7.', tokenizer), undefined);
  assert.equal(beyondBase('', tokenizer), undefined);
  assert.equal(beyondBase('12 + 30', tokenizer), undefined);
});
