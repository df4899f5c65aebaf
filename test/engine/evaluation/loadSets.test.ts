import assert from 'node:assert/strict';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { loadSets, problemsOf } from '../../../src/engine/evaluation/loadSets.ts';
import { openExperiment } from '../../../src/experiment/experiment.ts';
import { tinyExperiment, writeJsonLines } from '../../support/tinyExperiment.ts';

const media = fileURLToPath(new URL('../../../media', import.meta.url));

test('what of held-out data is not used is told once for each dataset', async () => {
  const set = { data: 'held.jsonl', expert: 'math' };
  const recipe = tinyExperiment({ evaluation: { sets: { one: set, two: { ...set, limit: 1 } } } });
  const row = { prompt: 'a', completion: 'b', tests: ['f(1) === 1'], topic: 'x' };
  writeJsonLines(join(dirname(recipe), 'held.jsonl'), [row, row]);
  const sets = await loadSets(await openExperiment(recipe, media));
  assert.deepEqual(
    sets.map(s => s.items.map(i => i.tests)),
    [[row.tests, row.tests], [row.tests]],
  );
  assert.deepEqual(
    problemsOf(sets).map(p => p.message),
    ["held.jsonl:1: the field 'topic' is not used (2 lines have it)."],
  );
});

test('answers that call tools are compared by toolCall alone; tools stay with their question', async () => {
  const set = { data: 'held.jsonl', expert: 'math' };
  const recipe = tinyExperiment({ evaluation: { sets: { words: set, calls: { ...set, scorer: 'toolCall' } } } });
  const tools = [{ name: 'f' }];
  const toolCalls = [{ function: { name: 'f', arguments: '{"b": 1.0, "a": "x"}' } }];
  const messages = [
    { role: 'user', content: 'q' },
    { role: 'assistant', content: '', tool_calls: toolCalls },
  ];
  writeJsonLines(join(dirname(recipe), 'held.jsonl'), [
    {
      messages: [
        { role: 'user', content: 'a' },
        { role: 'assistant', content: 'b' },
      ],
    },
    { messages, tools },
  ]);
  const experiment = await openExperiment(recipe, media);
  await assert.rejects(loadSets(experiment, ['words']), {
    code: 'badData',
    message: "held.jsonl:2: this answer calls tools, which the scorer 'exact' does not compare",
  });
  const [loaded] = await loadSets(experiment, ['calls']);
  const [words, call] = loaded!.items;
  assert.deepEqual([words!.expected, words!.calls, words!.tools], ['b', [], undefined]);
  assert.deepEqual([call!.expected, call!.tools], ['f {"a":"x","b":1}', tools]);
});
