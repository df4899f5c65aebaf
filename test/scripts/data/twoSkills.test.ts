import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runInNewContext } from 'node:vm';
import { twoSkillExample } from '../../../scripts/data/twoSkills.ts';
import { extractCode } from '../../../src/evaluation/codeAnswer.ts';
import { Random } from '../../../src/nn/tensor/random.ts';

const random = new Random(3);
const examples = Array.from({ length: 300 }, () => twoSkillExample(random));

test('two skills: the answer works the number out, and its function holds it and passes the tests', () => {
  for (const { messages, tests } of examples) {
    const [{ content: asked }, { content: answer }] = messages;
    const [, result] = /\nAnswer: (\d+)\n/.exec(answer)!;
    const code = extractCode(answer);
    assert.match(code, new RegExp(`\\b${result}\\b`));
    for (const condition of tests!) assert.equal(runInNewContext(`${code}; ${condition}`), true, answer);
    const [, said] = asked.split(' Call the result k. ');
    assert.match(said!, /\bk\b/);
  }
});

test('two skills: a function with another number fails the tests', () => {
  for (const { messages, tests } of examples.slice(0, 100)) {
    const answer = messages[1].content;
    const [, result] = /\nAnswer: (\d+)\n/.exec(answer)!;
    const wrong = extractCode(answer).replace(new RegExp(`\\b${result}\\b`, 'g'), String(Number(result) + 1));
    assert.ok(
      tests!.some(condition => !runInNewContext(`${wrong}; ${condition}`)),
      answer,
    );
  }
});

test('two skills: which part a question is of follows from its math alone', () => {
  for (const { kind, key } of examples) assert.ok(key.startsWith(`${kind.split('+')[0]}:`), key);
});
