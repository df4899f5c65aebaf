import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import {
  CancellationTokenSource,
  commands,
  extensions,
  type LanguageModelChat,
  LanguageModelChatMessage,
  LanguageModelTextPart,
  LanguageModelToolCallPart,
  LanguageModelToolResultPart,
  lm,
  workspace,
} from 'vscode';
import { commands as contributed } from '../../../src/extension/contributions/commands.ts';
import { createTokenizer, type Tokenizer } from '../../../src/nn/tokenizer/tokenizer.ts';
import { untilWithin } from '../../support/untilWithin.ts';
import { weatherTool } from '../../support/weatherTool.ts';
import { enginePids } from './engineProcess.ts';
import { invokeTool } from './invokeTool.ts';
import { type Note, runSuite } from './suite.ts';
import { leastBlocked, longestBlock, watchHost, watchText } from './watchHost.ts';

const extension = extensions.all.find(e => e.packageJSON.name === 'multi-lora-workbench')!;

async function model(id: string): Promise<LanguageModelChat> {
  const found = (await lm.selectChatModels({ vendor: 'multi-lora' })).find(m => m.id === id);
  assert.ok(found, `no model ${id}`);
  return found;
}

/** Random text runs on to its limit: long enough to be cancelled, killed and watched. */
const long = { modelOptions: { maxTokens: 200, temperature: 8, seed: 3 } };

async function ask(chosen: LanguageModelChat, prompt: string, options = {}, onText?: (text: string) => void) {
  const source = new CancellationTokenSource();
  const response = await chosen.sendRequest([LanguageModelChatMessage.User(prompt)], options, source.token);
  let text = '';
  for await (const piece of response.text) {
    text += piece;
    onText?.(piece);
  }
  return text;
}

/** The tokenizer of the embedded base. */
function readTokenizer(): Tokenizer {
  const read = (name: string) => JSON.parse(readFileSync(join(extension.extensionPath, 'media', 'base', name), 'utf8'));
  return createTokenizer(read('tokenizer.json'), read('tokenizer_config.json'));
}

/** A process's arguments and what the environment says of its models. */
function startedWith(pid: number): string {
  const [args, env] = ['cmdline', 'environ'].map(name => readFileSync(`/proc/${pid}/${name}`, 'utf8').split('\0'));
  return [...args!, ...env!.filter(line => line.startsWith('HF_HUB_CACHE='))].join(' ');
}

export function run(): Promise<void> {
  return runSuite({
    async 'activation starts no engine'() {
      assert.deepEqual(enginePids(), []);
      await extension.activate();
      assert.deepEqual(enginePids(), []);
    },

    async 'every command of the table is there'() {
      const known = await commands.getCommands(true);
      assert.deepEqual(
        Object.keys(contributed).filter(id => !known.includes(id)),
        [],
      );
    },

    async 'models: Auto, the base, each expert and each blend, with what they can do'() {
      const models = await lm.selectChatModels({ vendor: 'multi-lora' });
      assert.deepEqual(models.map(m => m.id).sort(), [
        'auto',
        'base',
        'blend:review',
        'expert:code',
        'expert:math',
        'expert:qa',
      ]);
      assert.deepEqual(
        models.map(m => m.maxInputTokens),
        models.map(() => 256 - 64),
      );
      assert.equal(enginePids().length, 1, 'one engine');
    },

    async 'tokens are counted by the real tokenizer'() {
      const auto = await model('auto');
      const tokenizer = readTokenizer();
      for (const text of ['', 'Hello', 'const x = 1;\n', 'naïve 東京 🙂'])
        assert.equal(await auto.countTokens(text), tokenizer.encode(text, { addSpecialTokens: false }).length, text);
      const [message, text] = [LanguageModelChatMessage.User('Hello'), 'Hello'];
      assert.ok((await auto.countTokens(message)) > (await auto.countTokens(text)), 'with what stands around it');
    },

    async 'Auto answers, streaming'(note: Note) {
      const pieces: string[] = [];
      const text = await ask(await model('auto'), 'What is 12% of 50?', long, piece => pieces.push(piece));
      assert.ok(pieces.length > 3, `${pieces.length} pieces`);
      assert.equal(pieces.join(''), text);
      note(`${pieces.length} pieces`);
    },

    async 'the host is never blocked while the engine decodes'(note: Note) {
      const idle = await watchHost(delay(2000));
      const chosen = await model('expert:code');
      const decoding = await leastBlocked(() => ask(chosen, 'Write a function that doubles a number.', long));
      note(watchText(decoding, idle));
      assert.ok(decoding.computed < longestBlock, watchText(decoding, idle));
    },

    async 'agents have tools: one asks, one routes, and a mistake says what to do'() {
      const own = lm.tools.filter(({ name }) => name.startsWith('multiLora_')).map(({ name }) => name);
      assert.deepEqual(own.sort(), ['multiLora_ask', 'multiLora_evaluate', 'multiLora_route', 'multiLora_train']);
      const prompt = 'What is 12% of 50?';
      const answer = await invokeTool('multiLora_ask', { prompt, expert: 'math' });
      assert.match(answer, /\n\nAnswered by math 1\.00\.$/);
      assert.match(await invokeTool('multiLora_route', { prompt }), /^Route: math 1\.00/);
      await assert.rejects(
        invokeTool('multiLora_ask', { prompt, expert: 'none' }),
        /'expert:none' cannot answer here.*Trained are/,
      );
    },

    async 'cancelling ends an answer'() {
      const chosen = await model('base');
      const source = new CancellationTokenSource();
      const response = await chosen.sendRequest([LanguageModelChatMessage.User('Hi')], long, source.token);
      let pieces = 0;
      const read = (async () => {
        for await (const _ of response.text) if (++pieces === 3) source.cancel();
      })();
      await read.catch(error => assert.match(String(error), /cancel/i));
      const whole = await ask(chosen, 'Hi', long);
      assert.ok(pieces >= 3 && pieces < whole.length, `${pieces} pieces of ${whole.length} characters`);
    },

    async 'an engine killed in the middle of an answer: the answer comes, and so does the next'() {
      const chosen = await model('base');
      const expected = await ask(chosen, 'Hi', long);
      const [first] = enginePids();
      let isKilled = false;
      const text = await ask(chosen, 'Hi', long, () => {
        if (!isKilled) process.kill(first!, 'SIGKILL');
        isKilled = true;
      });
      assert.equal(text, expected, 'the answer goes on where it stopped, and repeats nothing');
      assert.equal(await ask(chosen, 'Hi', long), expected);
      assert.notEqual(enginePids()[0], first);
      assert.equal(enginePids().length, 1);
    },

    async 'a suggestion’s first text'(note: Note) {
      const chosen = await model('expert:code');
      const times: number[] = [];
      for (let i = 0; i < 5; i++) {
        const started = performance.now();
        let first = 0;
        await ask(chosen, 'Write a function that doubles a number.', { modelOptions: { maxTokens: 24 } }, () => {
          first ||= performance.now() - started;
        });
        times.push(first);
      }
      note(`first text after ${times.map(ms => ms.toFixed(0)).join(', ')} ms`);
    },

    async 'the experts are served to other programs by the window’s engine, until the server is stopped'() {
      const port = 20_000 + Math.floor(Math.random() * 10_000);
      const settings = workspace.getConfiguration('multiLora');
      await settings.update('server.port', port);
      // It is done when its notification is closed.
      void commands.executeCommand('multiLora.startServer');
      const url = `http://127.0.0.1:${port}/v1`;
      const get = (path: string, init?: RequestInit) => fetch(`${url}${path}`, init).catch(() => undefined);
      await untilWithin(60_000)(async () => (await get('/models')) !== undefined);
      const { data } = (await (await get('/models'))!.json()) as { data: { id: string }[] };
      assert.deepEqual(data.map(({ id }) => id).sort(), ['auto', 'base', 'code', 'math', 'qa', 'review']);
      const body = JSON.stringify({ model: 'math', messages: [{ role: 'user', content: 'What is 12% of 50?' }] });
      const answer = (await (await get('/chat/completions', { method: 'POST', body }))!.json()) as {
        choices: { message: { content: string } }[];
      };
      const direct = await ask(await model('expert:math'), 'What is 12% of 50?');
      assert.equal(answer.choices[0]!.message.content, direct);
      assert.equal(enginePids().length, 1);
      await commands.executeCommand('multiLora.stopServer');
      assert.equal(await get('/models'), undefined);
      await settings.update('server.port', undefined);
    },

    async 'a model calls a tool, and answers with what it gave back'() {
      const settings = workspace.getConfiguration('multiLora');
      const { name, description, parameters } = weatherTool.function;
      const options = { tools: [{ name, description, inputSchema: parameters }] };
      const question = LanguageModelChatMessage.User('How is the weather in Rome?');
      const partsOf = async (chosen: LanguageModelChat, messages: LanguageModelChatMessage[]) => {
        const { stream } = await chosen.sendRequest(messages, options, new CancellationTokenSource().token);
        const parts: unknown[] = [];
        for await (const part of stream) parts.push(part);
        return parts;
      };
      await assert.rejects(partsOf(await model('base'), [question]), /chat template knows no tools/);
      await settings.update('recipe', process.env.CALLING_RECIPE);
      const weather = await model('expert:weather');
      const [call] = (await partsOf(weather, [question])).filter(part => part instanceof LanguageModelToolCallPart);
      assert.deepEqual([call!.name, call!.input], ['weather', { city: 'Rome' }]);
      const answered = await partsOf(weather, [
        question,
        LanguageModelChatMessage.Assistant([call!]),
        LanguageModelChatMessage.User([
          new LanguageModelToolResultPart(call!.callId, [new LanguageModelTextPart('sunny')]),
        ]),
      ]);
      const texts = answered.filter(part => part instanceof LanguageModelTextPart);
      assert.equal(texts.map(part => part.value).join(''), 'It is sunny.');
      await settings.update('recipe', undefined);
    },

    async 'settings apply without a reload'() {
      const settings = workspace.getConfiguration('multiLora');
      const [cache, models] = [join(tmpdir(), 'multi-lora-no-cache'), join(tmpdir(), 'multi-lora-no-models')];
      const ofEngine = [
        ['threads', 2, '--threads 2'],
        ['device', 'cpu', '--device cpu'],
        ['memoryLimit', 4, '--memory-limit 4GB'],
        ['cacheFolder', cache, `--cache ${cache}`],
        ['modelFolder', models, `HF_HUB_CACHE=${models}`],
      ] as const;
      for (const [id, value, expected] of ofEngine) {
        await settings.update(id, value);
        await ask(await model('base'), 'Hi', { modelOptions: { maxTokens: 2 } });
        const [pid, ...others] = enginePids();
        assert.deepEqual(others, [], 'the engine before has ended');
        assert.ok(startedWith(pid!).includes(expected), `${id}: ${startedWith(pid!)}`);
        await settings.update(id, undefined);
      }
      await settings.update('decoding.maxTokens', 7);
      const auto = await model('auto');
      assert.equal(auto.maxInputTokens, 256 - 7);
      await settings.update('decoding.maxTokens', undefined);
    },
  });
}
