import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { parseDataset } from '../../src/data/parseDataset.ts';
import { languagesIn, skillsOf } from '../../src/data/skills.ts';

const example = (name: string) => {
  const text = readFileSync(new URL(`../../examples/${name}/train.jsonl`, import.meta.url), 'utf8');
  return skillsOf(parseDataset(text.split('\n').slice(0, 300).join('\n'), 'train.jsonl').examples);
};

test('the example’s data: functions of JavaScript, no task on code', () => {
  assert.deepEqual(example('experts/code'), { tasks: [], languages: ['JavaScript'] });
  assert.deepEqual(example('experts/math'), { tasks: [], languages: [] });
  assert.deepEqual(example('experts/qa'), { tasks: [], languages: [] });
});

test('data of reviews is of reviews', () =>
  assert.deepEqual(example('review'), { tasks: ['review'], languages: ['JavaScript', 'TypeScript'] }));

test('tasks are known by what is asked', () => {
  const asked = (prompt: string) =>
    skillsOf([{ messages: [{ role: 'user', content: prompt }], line: 1 } as never]).tasks;
  assert.deepEqual(asked('Explain what this Python code does.\nprint(1)'), ['explain']);
  assert.deepEqual(asked('Write a docstring for\ndef f(): ...'), ['document']);
  assert.deepEqual(asked('Write unit tests for this class'), ['writeTests']);
  assert.deepEqual(asked('Explain the causes of the war.'), []);
});

test('languages that a prompt names', () => {
  assert.deepEqual(languagesIn('Write a Python function'), ['Python']);
  assert.deepEqual(languagesIn('Port this JavaScript code to Go code'), ['JavaScript', 'Go']);
  assert.deepEqual(languagesIn('Where do I go to swift through C notes?'), []);
});
