import assert from 'node:assert/strict';
import test from 'node:test';
import { completionPrompt, type Suggester, suggest, suggestionOf } from '../../../src/extension/inline/suggest.ts';
import { testEngine } from '../../support/programs.ts';

const engine = testEngine();
const asked: string[] = [];

/** Asks the base, which runs on to the longest answer. */
function suggester(maxTokens: number, onText = () => {}): Suggester {
  return {
    rest: 30,
    findExpert: async () => 'any',
    ask(prompt, _expert, signal) {
      asked.push(prompt);
      const settings = { maxTokens, temperature: 8, seed: 3 };
      return engine.request(
        'ask',
        { prompt, target: { kind: 'base' }, settings },
        { signal, onProgress: ({ kind }) => kind === 'text' && onText() },
      );
    },
  };
}

const type = (text: string, signal: AbortSignal) => suggest([text], 'JavaScript', suggester(8), signal);

test('while typing goes on nothing is asked; when it rests, once', async () => {
  asked.length = 0;
  const keys = ['let', 'let ', 'let a', 'let a '];
  const suggestions = keys.map(text => {
    const typing = new AbortController();
    const suggestion = type(text, typing.signal);
    // The next key.
    typing.abort();
    return assert.rejects(suggestion, { name: 'AbortError' });
  });
  await Promise.all(suggestions);
  const last = await type('let a =', new AbortController().signal);
  assert.ok(last !== undefined && last.trim().length > 0);
  assert.deepEqual(asked, ['Complete this JavaScript code:\nlet a =']);
});

test('typing on ends the answer under way, and what it said so far is not suggested', async () => {
  const typing = new AbortController();
  let pieces = 0;
  const onText = () => ++pieces === 2 && typing.abort();
  assert.equal(await suggest(['let b ='], 'JavaScript', suggester(200, onText), typing.signal), undefined);
  assert.ok(pieces >= 2 && pieces < 100, `${pieces} pieces of 200 tokens`);
});

test('where no suggestion makes sense, and without a trained code expert, nothing is asked', async () => {
  asked.length = 0;
  const { signal } = new AbortController();
  const never: Suggester = { ...suggester(8), findExpert: () => assert.fail('the experts are not looked for') };
  assert.equal(await suggest(['// doubles a num'], 'JavaScript', never, signal), undefined);
  const nobody: Suggester = { ...suggester(8), findExpert: async () => undefined };
  assert.equal(await suggest(['let c ='], 'JavaScript', nobody, signal), undefined);
  assert.deepEqual(asked, []);
});

test('a comment above an empty line is a task', () => {
  for (const comment of ['// doubles a number', '  # doubles a number', '/** doubles a number */'])
    assert.deepEqual(completionPrompt(['', comment, ''], 'JavaScript'), { prompt: 'doubles a number', before: '' });
});

test('code is continued; in a comment and in an empty file nothing is suggested', () => {
  const lines = ['function sum(a, b) {', '  return '];
  assert.deepEqual(completionPrompt(lines, 'JavaScript'), {
    prompt: 'Complete this JavaScript code:\nfunction sum(a, b) {\n  return ',
    before: 'function sum(a, b) {\n  return ',
  });
  assert.equal(completionPrompt(['// doubles a num'], 'JavaScript'), undefined);
  assert.equal(completionPrompt([''], 'JavaScript'), undefined);
});

test('a suggestion does not repeat what is there', () => {
  const before = 'function sum(a, b) {\n  return ';
  assert.equal(suggestionOf(`${before}a + b;\n}`, before), 'a + b;\n}');
  assert.equal(suggestionOf('return a + b;', before), 'a + b;');
  assert.equal(suggestionOf('a + b;', before), 'a + b;');
  assert.equal(suggestionOf('```js\nf();\n```', ''), 'f();');
});
