import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CompleteProgress, CompleteRequest } from '../../../src/protocol/engine/completing.ts';
import { callingExperiment } from '../../support/callingBase.ts';
import { testEngine } from '../../support/programs.ts';
import { temporaryFolder } from '../../support/temporaryFolder.ts';
import { weatherTool } from '../../support/weatherTool.ts';

test('an expert that learned to call tools calls them, and answers with what they gave back', async t => {
  const engine = testEngine(t);
  const recipe = callingExperiment(temporaryFolder());
  await engine.request('train', { recipe, resume: false });

  const complete = (input: object, more: Partial<CompleteRequest> = {}) => {
    const told: CompleteProgress[] = [];
    const request = { recipe, target: { kind: 'expert', name: 'weather' }, input, ...more } as CompleteRequest;
    return engine
      .request('complete', request, { onProgress: progress => void told.push(progress) })
      .then(result => ({ ...result, told: told.filter(each => each.kind !== 'work') }));
  };
  const question = { role: 'user', content: 'How is the weather in Rome?' };
  const chat = { kind: 'chat', messages: [question], tools: [weatherTool] };

  await t.test('the call is told whole, apart from text', async () => {
    const { answers, told } = await complete(chat);
    const [{ id, name, arguments: written }] = answers[0]!.toolCalls as [
      { id: string; name: string; arguments: string },
    ];
    assert.deepEqual([name, JSON.parse(written)], ['weather', { city: 'Rome' }]);
    assert.deepEqual(told, [{ kind: 'toolCall', answer: 0, call: 0, id, name, arguments: written }]);
    assert.deepEqual([answers[0]!.text, answers[0]!.finish], ['', 'toolCalls']);
    assert.deepEqual((await complete(chat)).answers, answers, 'the same again, with the same id');
  });

  await t.test('a call that is cut off is text', async () => {
    const { answers } = await complete(chat, { settings: { maxTokens: 12 } });
    assert.deepEqual([answers[0]!.toolCalls, answers[0]!.finish], [[], 'length']);
    assert.match(answers[0]!.text, /^<tool_call>\{"name"/);
  });

  await t.test('whoever has to call a tool calls it, though it never learned to', async () => {
    const base = { kind: 'base' } as const;
    const cities = ['Oslo', 'Lima'];
    const parameters = { type: 'object', properties: { city: { enum: cities } }, required: ['city'] };
    const tools = [{ ...weatherTool, function: { ...weatherTool.function, parameters } }];
    const format = { kind: 'call', name: 'weather' } as const;
    const { answers } = await complete({ ...chat, tools }, { target: base, format, settings: { maxTokens: 80 } });
    const [call] = answers[0]!.toolCalls;
    assert.equal(call!.name, 'weather');
    assert.ok(cities.includes(JSON.parse(call!.arguments).city), call!.arguments);
    assert.equal(answers[0]!.finish, 'toolCalls');
    await assert.rejects(complete(chat, { target: base, format: { kind: 'call', name: 'wether' } }), {
      code: 'badRequest',
      message: /no tool 'wether'/,
    });
  });

  await t.test('what the tool gave back is read', async () => {
    const toolCalls = [{ id: 'x', type: 'function', function: { name: 'weather', arguments: { city: 'Rome' } } }];
    const messages = [
      question,
      { role: 'assistant', content: '', toolCalls },
      { role: 'tool', content: 'sunny', toolCallId: 'x' },
    ];
    const { answers } = await complete({ ...chat, messages });
    assert.deepEqual([answers[0]!.text, answers[0]!.toolCalls, answers[0]!.finish], ['It is sunny.', [], 'stop']);
  });

  await t.test(
    'right calls are counted, with the tools in the prompt; none is right where none is expected',
    async () => {
      const { measured } = await engine.request('measure', { recipe });
      const right = measured.map(({ system, score }) => [system, score.correct, score.total]);
      assert.deepEqual(right.sort(), [
        ['base', 1, 2],
        ['weather', 2, 2],
      ]);
      const [wrong] = measured.find(m => m.system === 'base')!.wrong;
      assert.equal(wrong!.expected, 'weather {"city":"Rome"}');
    },
  );

  await t.test('without tools nothing is looked for in the answer', async () => {
    const { answers } = await complete({ kind: 'chat', messages: [question] });
    assert.equal(answers[0]!.toolCalls.length, 0);
  });

  await t.test('a base whose template knows no tools refuses them', async () => {
    await assert.rejects(complete(chat, { recipe: undefined, target: { kind: 'base' } }), {
      code: 'unsupported',
      message: /chat template knows no tools/,
    });
  });
});
