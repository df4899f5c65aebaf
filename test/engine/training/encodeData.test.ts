import assert from 'node:assert/strict';
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, test } from 'node:test';
import type { Example } from '../../../src/data/example.ts';
import { encodeData } from '../../../src/engine/training/encodeData.ts';
import { encodingKey } from '../../../src/engine/training/encodedCache.ts';
import { encodeEach } from '../../../src/engine/training/encodedExamples.ts';
import { encodeInThreads, threadsFor } from '../../../src/engine/training/encodeInThreads.ts';
import { type Base, loadBase } from '../../../src/experiment/base.ts';
import type { WorkbenchError } from '../../../src/protocol/errors.ts';
import { trainingSettings } from '../../../src/recipe/schema.ts';
import { fillBase } from '../../support/fillTokenizer.ts';
import { temporaryFolder } from '../../support/temporaryFolder.ts';

const settings = { maxLength: 40, lossOn: 'answer', thinking: false } as const;
const defaults = trainingSettings.parse({});
const place = { folder: '/data', file: 'talk.jsonl' };
let base: Base;
before(async () => {
  base = await loadBase('media/base');
});

/** Talks of one to three questions, some longer than what is read. */
function talks(count: number): Example[] {
  return Array.from({ length: count }, (_, i) => ({
    messages: Array.from({ length: 1 + (i % 3) }, (_, turn) => [
      { role: 'user' as const, content: `What is ${i} + ${turn}?${' really'.repeat(i % 11)}` },
      { role: 'assistant' as const, content: `It is ${i + turn}.`, ...(i % 7 === 0 && { weight: 0 as const }) },
    ]).flat(),
    line: i + 1,
    meta: {},
  }));
}

test('threads give the tokens that one gives, in the order of the examples', async () => {
  const examples = talks(2_500);
  let told = 0;
  const watch = { progress: (done: number) => (told = done) };
  const parallel = await encodeInThreads(examples, { source: base.text().source, settings }, 2, watch);
  const alone = [...encodeEach(base.text(), examples, settings)];
  assert.equal(told, 2_500);
  assert.deepEqual(parallel, alone);
});

test('few examples start no threads', () => {
  assert.equal(threadsFor(4_999), 0);
});

test('threads end when the work is cancelled', async () => {
  const aborter = new AbortController();
  const work = encodeInThreads(talks(20_000), { source: base.text().source, settings }, 2, {
    signal: aborter.signal,
    progress: () => aborter.abort(new Error('enough')),
  });
  await assert.rejects(work, /enough/);
});

test('an example that the template refuses is told with its line, wherever it is encoded', async () => {
  const folder = temporaryFolder();
  const config = JSON.parse(readFileSync('media/base/tokenizer_config.json', 'utf8'));
  const refusal = "{% if messages[0].content == 'bad' %}{{ raise_exception('no') }}{% endif %}";
  writeFileSync(
    join(folder, 'tokenizer_config.json'),
    JSON.stringify({ ...config, chat_template: refusal + config.chat_template }),
  );
  for (const name of ['config.json', 'model.safetensors', 'tokenizer.json'])
    writeFileSync(join(folder, name), readFileSync(`media/base/${name}`));
  const strict = await loadBase(folder);
  const examples = talks(6_000);
  for (const i of [1_003, 1_004, 5_999]) examples[i]!.messages[0]!.content = 'bad';
  const lines = (e: WorkbenchError) => e.problems.map(p => p.where);
  const expected = ['/data/talk.jsonl:1004', '/data/talk.jsonl:1005', '/data/talk.jsonl:6000'];
  for (const some of [examples, examples.filter((_, i) => i % 1_000 < 5 || i === 5_999)])
    await assert.rejects(encodeData(strict, some, { ...defaults, ...settings }, place), (e: WorkbenchError) => {
      assert.deepEqual(lines(e), expected);
      return /talk\.jsonl:1004: .*refused the messages: no/.test(e.message);
    });
});

test('calls of tools that the template would leave out are told with their line and what to do', async () => {
  const examples = talks(3);
  const called = { type: 'function' as const, function: { name: 'f', arguments: {} } };
  examples[1]!.messages[1]!.toolCalls = [called];
  examples[2]!.tools = [called];
  await assert.rejects(encodeData(base, examples, { ...defaults, ...settings }, place), (e: WorkbenchError) => {
    assert.deepEqual(
      e.problems.map(p => p.where),
      ['/data/talk.jsonl:2', '/data/talk.jsonl:3'],
    );
    return /talk\.jsonl:2: .*chat template knows no tools: it leaves out calls of tools\. Take a base whose/.test(
      e.message,
    );
  });
});

test('tokens are kept, for the same examples and settings alone, and a damaged file is made anew', async () => {
  const cacheFolder = temporaryFolder();
  const examples = talks(2_000);
  const files = () => readdirSync(join(cacheFolder, 'tokens'));
  const encode = (changes = {}, some = examples) =>
    encodeData(base, some, { ...defaults, ...settings, ...changes }, { ...place, cacheFolder });
  const first = await encode();
  const [name] = files();
  const path = join(cacheFolder, 'tokens', name!);
  const kept = readFileSync(path);
  assert.deepEqual(await encode(), first);
  assert.equal(files().length, 1);
  await encode({ maxLength: 39 });
  await encode({}, [...examples.slice(1), examples[0]!]);
  assert.equal(files().length, 3);

  for (const damaged of [kept.subarray(0, 1000), Buffer.from(kept).fill(7, 500, 504), Buffer.alloc(0)]) {
    writeFileSync(path, damaged);
    assert.deepEqual(await encode(), first);
    assert.deepEqual(readFileSync(path), kept);
  }
  assert.equal(statSync(path).size, kept.length);
});

test('gaps are refused where the base has no tokens for them, and nothing is learned of their surroundings where it has', async () => {
  const gap = (i: number): Example => ({
    messages: [
      { role: 'user', content: `let a${i} = ` },
      { role: 'assistant', content: String(i) },
    ],
    fill: { suffix: ';' },
    line: i + 1,
    meta: {},
  });
  const gaps = Array.from({ length: 3 }, (_, i) => gap(i));
  await assert.rejects(encodeData(base, gaps, { ...defaults, thinking: false }, place), {
    code: 'unsupported',
    message: /^talk\.jsonl:1 is a gap to be filled: .*no tokens.*media\/base/,
    hint: /Qwen2\.5-Coder/,
  });
  const filling = await loadBase(fillBase());
  const { examples } = await encodeData(filling, gaps, { ...defaults, thinking: false }, place);
  const { tokenizer } = filling.text();
  assert.deepEqual(
    examples.map(({ labels }) => tokenizer.decode([...labels].filter(id => id >= 0))),
    ['0<|endoftext|>', '1<|endoftext|>', '2<|endoftext|>'],
  );
  const threaded = await encodeInThreads(gaps, { source: filling.text().source, settings }, 1);
  assert.deepEqual(threaded, [...encodeEach(filling.text(), gaps, settings)]);
  assert.notEqual(
    encodingKey(filling.text(), [gap(1)], settings),
    encodingKey(filling.text(), [{ ...gap(1), fill: { suffix: '!' } }], settings),
  );
});
