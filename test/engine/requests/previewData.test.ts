import assert from 'node:assert/strict';
import { dirname, join } from 'node:path';
import test from 'node:test';
import { fileURLToPath } from 'node:url';
import { loadBase } from '../../../src/experiment/base.ts';
import { promptIds, renderChat, tokensOf } from '../../../src/nn/tokenizer/chatTemplate.ts';
import type { WorkbenchError } from '../../../src/protocol/errors.ts';
import { testEngine } from '../../support/programs.ts';
import { tinyExperiment, writeJsonLines } from '../../support/tinyExperiment.ts';

const base = fileURLToPath(new URL('../../../media/base', import.meta.url));

test('the data as training reads it', async t => {
  const engine = testEngine(t);
  const recipe = tinyExperiment();
  const { tokenizer, chatTemplate } = (await loadBase(base)).text();
  const examples = [
    { prompt: 'What is 1 + 2?', completion: '3' },
    { prompt: 'Sagt „Grüße“ 🎉', completion: 'Grüße 🎉' },
    { prompt: `What is ${'1 + '.repeat(400)}1?`, completion: '401' },
  ];
  writeJsonLines(join(dirname(recipe), 'math.jsonl'), examples);

  const preview = await engine.request('previewData', { recipe, expert: 'math', rows: 5 });
  assert.deepEqual([preview.file, preview.examples, preview.rows.length], ['math.jsonl', 3, 3]);

  await t.test('its text is the chat template’s, and what is learned is the answer and the end of its turn', () => {
    for (const [i, { prompt, completion }] of examples.slice(0, 2).entries()) {
      const messages = [
        { role: 'user', content: prompt },
        { role: 'assistant', content: completion },
      ] as const;
      const { tokens, cut } = preview.rows[i]!;
      const text = renderChat(chatTemplate, messages, { ...tokensOf(tokenizer), addGenerationPrompt: false });
      assert.equal(tokens.map(token => token.text).join(''), text);
      const learned = tokens.filter(token => token.isTrained);
      assert.equal(learned.map(token => token.text).join(''), `${completion}<|im_end|>`);
      // The prompt at use is what stands before it.
      assert.equal(
        tokens.findIndex(token => token.isTrained),
        promptIds(tokenizer, chatTemplate, messages.slice(0, 1), false).length,
      );
      assert.equal(cut, 0);
    }
  });

  await t.test('what is too long is cut as training cuts it', () => {
    const { tokens, cut } = preview.rows[2]!;
    assert.equal(tokens.length, preview.maxLength);
    assert.ok(cut > 0);
    assert.ok(!tokens.some(token => token.isTrained), 'nothing of its answer is left');
  });

  await t.test('by the columns and the system message that the recipe says, and texts as a whole', async () => {
    const folder = dirname(recipe);
    writeJsonLines(join(folder, 'columns.jsonl'), [{ problem: '1 + 2?', solution: '3' }]);
    writeJsonLines(join(folder, 'text.jsonl'), [{ story: 'Once upon a time.' }]);
    const text = JSON.stringify({
      experts: {
        columns: {
          data: { train: 'columns.jsonl', columns: { prompt: 'problem', answer: 'solution' }, system: 'Count.' },
        },
        text: { data: { train: 'text.jsonl', columns: { text: 'story' } } },
      },
    });
    const shown = async (expert: string) => {
      const { rows } = await engine.request('previewData', { recipe, text, expert, rows: 1 });
      return rows[0]!.tokens;
    };
    const messages = [
      { role: 'system', content: 'Count.' },
      { role: 'user', content: '1 + 2?' },
      { role: 'assistant', content: '3' },
    ] as const;
    const expected = renderChat(chatTemplate, messages, { ...tokensOf(tokenizer), addGenerationPrompt: false });
    assert.equal((await shown('columns')).map(t => t.text).join(''), expected);
    const story = await shown('text');
    assert.equal(story.map(t => t.text).join(''), `Once upon a time.${tokenizer.eosToken}`);
    assert.ok(story.every(t => t.isTrained));
  });

  await t.test('by the text that is not saved yet', async () => {
    const text = JSON.stringify({ training: { lossOn: 'all' }, experts: { other: { data: { train: 'math.jsonl' } } } });
    const { rows } = await engine.request('previewData', { recipe, text, expert: 'other', rows: 1 });
    assert.equal(rows.length, 1);
    assert.ok(rows[0]!.tokens.every(token => token.isTrained));
  });

  await t.test('data with a mistake is refused with its line', async () => {
    writeJsonLines(join(dirname(recipe), 'code.jsonl'), [examples[0], { prompt: 1 }]);
    await assert.rejects(
      engine.request('previewData', { recipe, expert: 'code', rows: 5 }),
      (error: WorkbenchError) => error.code === 'badData' && /code\.jsonl:2/.test(error.message),
    );
  });
});
