import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { setMaxListeners } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import type { EngineMethod } from '../../src/protocol/engine/engineApi.ts';
import { WorkbenchError } from '../../src/protocol/errors.ts';
import { engineArguments, engineOptions, enginePath, testEngine } from '../support/programs.ts';
import { temporaryFolder } from '../support/temporaryFolder.ts';
import { tinyExperiment } from '../support/tinyExperiment.ts';

const engine = testEngine();

/** Babbles to the end of the context unless it is stopped. */
const base = { kind: 'base' } as const;
const babble = { prompt: 'Hello', target: base, settings: { temperature: 10, maxTokens: 400 } };

test('doctor: versions, backends, the embedded base, nothing missing', async () => {
  const result = await engine.request('doctor', {});
  assert.equal(result.node, process.version);
  assert.equal(result.runtime, 'onnxruntime-node 1.30.0');
  assert.equal(result.threads, 1);
  assert.ok(result.backends.some(b => b.name === 'cpu' && b.bundled));
  assert.ok(result.embeddedBase!.parameters > 4e6);
});

test('a WorkbenchError crosses with code, message, hint and problems', async () => {
  const recipe = tinyExperiment({ lora: { rnak: 2 } });
  await assert.rejects(engine.request('train', { recipe, resume: false }), (error: WorkbenchError) => {
    assert.equal(error.code, 'badRecipe');
    assert.deepEqual(
      error.problems.map(p => [p.code, p.where]),
      [['unknownKey', 'lora.rnak']],
    );
    assert.match(error.message, /'lora\.rnak' is not a key of a recipe; did you mean 'rank'\?/);
    return true;
  });
  await assert.rejects(
    engine.request('ask', { prompt: 'a', target: { kind: 'blend', name: 'x' } }),
    (error: WorkbenchError) => error.code === 'badRequest' && error.hint === 'Add --recipe FILE.',
  );
});

test('an unknown method is refused, not left unanswered', async () => {
  await assert.rejects(
    engine.request('dance' as EngineMethod, {}),
    (e: WorkbenchError) => e.code === 'badRequest' && /dance/.test(e.message),
  );
});

test('a cancelled answer ends early with the text so far', async () => {
  const abort = new AbortController();
  let text = '';
  let pieces = 0;
  const result = await engine.request('ask', babble, {
    signal: abort.signal,
    onProgress: told => {
      if (told.kind !== 'text') return;
      text += told.text;
      if (++pieces === 8) abort.abort();
    },
  });
  assert.equal(result.finish, 'cancelled');
  assert.equal(result.text, text);
  // How many more were under way when the word to stop came is a matter of the machine; `generate` stops at the next one.
  assert.ok(result.answerTokens >= 8 && result.answerTokens < babble.settings.maxTokens / 2, `${result.answerTokens}`);
});

test('33 requests may be under way on a lane; the next is refused with busy; the cancelled leave', async () => {
  const abort = new AbortController();
  setMaxListeners(0, abort.signal);
  const all = Array.from({ length: 34 }, () =>
    engine.request('ask', babble, { signal: abort.signal }).catch((e: Error) => e),
  );
  const last = await all.at(-1)!;
  assert.ok(last instanceof WorkbenchError && last.code === 'busy', String(last));
  abort.abort();
  const [first, ...others] = await Promise.all(all.slice(0, -1));
  assert.equal((first as { finish: string }).finish, 'cancelled');
  // Cancellations come one by one: a request may just begin before its own arrives, and ends with what it has.
  const left = others.filter(o => (o as Error).name === 'AbortError');
  const began = others.filter(o => (o as { finish?: string }).finish === 'cancelled');
  assert.equal(left.length + began.length, 32);
  assert.ok(left.length >= 25, `${left.length} left the queue`);
});

test('training and answers go on side by side', async () => {
  const recipe = tinyExperiment({ training: { steps: 30, batchSize: 2, validateEvery: 0 } });
  const log: string[] = [];
  const train = engine.request('train', { recipe, resume: false }).then(() => log.push('trained'));
  await engine
    .request('ask', { prompt: 'Hello', target: base, settings: { maxTokens: 2 } })
    .then(() => log.push('answered'));
  await train;
  assert.deepEqual(log, ['answered', 'trained']);
});

test('standard output carries nothing but the protocol; the process ends when its input does', async () => {
  const child = spawn(process.execPath, [...engineOptions, enginePath, ...engineArguments]);
  const message = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'doctor', params: { params: {} } });
  let stdout = '';
  const answered = new Promise<void>(resolve =>
    child.stdout.on('data', text => {
      stdout += text;
      if (stdout.includes('"result"')) resolve();
    }),
  );
  child.stdin.write(`Content-Length: ${message.length}\r\n\r\n${message}`);
  await answered;
  child.stdin.end();
  const code = await new Promise(resolve => child.on('close', resolve));
  assert.equal(code, 0);
  const [, length, body] = /^Content-Length: (\d+)\r\n\r\n(.*)$/s.exec(stdout) ?? [];
  assert.equal(Buffer.byteLength(body!), Number(length));
});

test('what needs no runtime does not load it', { skip: process.platform !== 'linux' && 'no /proc' }, async t => {
  const other = testEngine(t);
  const recipe = tinyExperiment();
  await engine.request('train', { recipe, resume: false });
  const holdsRuntime = () => readFileSync(`/proc/${other.pid}/maps`, 'utf8').includes('onnxruntime');
  await other.request('describe', { recipe });
  await other.request('loaded', {});
  await other.request('unload', { recipe, experts: ['math'] });
  await other.request('countTokens', { recipe, texts: ['x'] });
  await other.request('route', { recipe, prompts: ['What is 2 + 3?'] });
  await other.request('previewData', { recipe, expert: 'math', rows: 1 });
  const { run, checkpoints } = await other.request('checkpoints', { recipe });
  const { step } = checkpoints[0]!;
  await other.request('promote', { recipe, run: run!, step, expert: 'math', best: false });
  const weights = { math: 0.5, code: 0.5 };
  await other.request('compareMerges', { recipe, methods: ['cat'], weights });
  const out = temporaryFolder();
  await other.request('merge', { recipe, weights, method: 'cat', out: join(out, 'merged') });
  await other.request('export', { recipe, expert: 'math', format: 'gguf', out: join(out, 'math.gguf') });
  await other.request('listModels', {});
  assert.equal(holdsRuntime(), false);
  await other.request('ask', { recipe, prompt: 'Hi', target: base, settings: { maxTokens: 1 } });
  assert.equal(holdsRuntime(), true);
});
