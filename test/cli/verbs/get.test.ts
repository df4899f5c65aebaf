import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { AskResult } from '../../../src/protocol/engine/asking.ts';
import type { DownloadResult, ListModelsResult } from '../../../src/protocol/engine/models.ts';
import { embeddedGguf, ggufStart } from '../../support/embeddedGguf.ts';
import { commit, startDatasetHub, startHub, startModelHub } from '../../support/hubServer.ts';
import { addOllamaModel, blobOf } from '../../support/ollamaStore.ts';
import { type CliResult, finished, startCli } from '../../support/programs.ts';
import { temporaryFolder } from '../../support/temporaryFolder.ts';

const base = fileURLToPath(new URL('../../../media/base', import.meta.url));

const withCache = (cache: string, env: Record<string, string> = {}) => {
  const inherited = { ...process.env, HF_HUB_CACHE: cache, HF_TOKEN: '', HF_ENDPOINT: '', ...env };
  return (...args: string[]): Promise<CliResult> => finished(startCli(args, undefined, inherited));
};

test('get: fetches a model that recipes and verbs then name; lists it; says when it was there; a mirror by option', async () => {
  const hub = await startHub(base);
  const cache = temporaryFolder();
  const run = withCache(cache, { HF_ENDPOINT: hub.endpoint });
  const folder = join(cache, 'models--test--base', 'snapshots', commit);
  const recipe = join(temporaryFolder(), 'x.lora.json');
  writeFileSync(recipe, JSON.stringify({ base: 'test/base', experts: {} }));
  const ask = () => run('ask', 'Hello', '--recipe', recipe, '--expert', 'base', '--max-tokens', '2', '--json');

  const missing = await ask();
  assert.equal(missing.code, 1);
  assert.match(missing.stderr, /the base 'test\/base' is neither a folder \(.*\) nor in the Hugging Face cache/);
  assert.match(missing.stderr, /get it with: multi-lora get test\/base/);

  const got = await run('get', 'test/base');
  assert.equal(got.code, 0, got.stderr);
  assert.equal(got.stdout, `${folder}\n`);
  assert.match(got.stderr, /10 MB fetched; in a recipe: "base": "test\/base"/);

  const elsewhere = await startHub(base);
  const again = await run('get', 'test/base', '--endpoint', `${elsewhere.endpoint}/`, '--json');
  const result = JSON.parse(again.stdout) as DownloadResult;
  assert.deepEqual([result.repo, result.commit, result.folder, result.fetchedBytes], ['test/base', commit, folder, 0]);
  assert.ok(elsewhere.paths.length > 0);

  const listed = JSON.parse((await run('get', '--json')).stdout) as ListModelsResult & { known: { fits: boolean }[] };
  assert.equal(listed.known.length, 5);
  assert.deepEqual(
    listed.models.map(m => [m.repo, m.revisions, m.commit, m.architecture, m.bytes]),
    [['test/base', ['main'], commit, 'llama', result.bytes]],
  );
  assert.match((await run('get')).stdout, /SmolLM2-135M-Instruct .*to download, .* of memory[\s\S]* test\/base +10 MB/);

  const answer = await ask();
  assert.equal(answer.code, 0, answer.stderr);
  assert.ok((JSON.parse(answer.stdout) as AskResult).answerTokens >= 1);
});

test("models of other programs are listed, and Ollama's answers as the folder does that it was made of", async () => {
  const [home, cache] = [temporaryFolder(), temporaryFolder()];
  const store = join(home, '.ollama', 'models');
  const hash = 'a'.repeat(64);
  await embeddedGguf(blobOf(store, hash));
  addOllamaModel(store, 'registry.ollama.ai/library/tiny/5m', hash);
  const other = join(home, '.lmstudio', 'models', 'p', 'r', 'other.gguf');
  mkdirSync(join(other, '..'), { recursive: true });
  writeFileSync(other, ggufStart({ 'general.architecture': 'bert' }));
  const env = {
    HOME: home,
    USERPROFILE: home,
    OLLAMA_MODELS: store,
    LLAMA_CACHE: '',
    XDG_CACHE_HOME: join(home, '.cache'),
  };
  const run = withCache(cache, { ...env, MULTI_LORA_CACHE: join(home, 'made') });

  const { stdout } = await run('get');
  assert.match(stdout, /of other programs on this machine, as a recipe names them:\n +ollama:tiny:5m +Ollama, 10 MB\n/);
  assert.match(stdout, /not to be used as a base:\n.*other\.gguf +the architecture 'bert' is not supported/);

  const folder = temporaryFolder();
  const ask = async (name: string) => {
    const recipe = join(folder, 'x.lora.json');
    writeFileSync(recipe, JSON.stringify({ base: name, experts: {} }));
    return run('ask', 'Write about dogs.', '--recipe', recipe, '--expert', 'base', '--max-tokens', '8', '--json');
  };
  const [own, ollamas] = [await ask('embedded'), await ask('ollama:tiny:5m')];
  assert.equal(ollamas.code, 0, ollamas.stderr);
  const told = (result: CliResult) => (JSON.parse(result.stdout) as AskResult).text;
  assert.match(told(ollamas), /\w/);
  assert.equal(told(ollamas), told(own));

  const missing = await ask('ollama:tiny');
  assert.equal(missing.code, 1);
  assert.match(missing.stderr, /'ollama:tiny' is not among the GGUF models of Ollama[\s\S]*There are: tiny:5m/);
  const got = await run('get', 'ollama:tiny:5m');
  assert.match(got.stderr, /used without a download: write it into a recipe, "base": "ollama:tiny:5m"/);
});

test('get: names that are none, models that are not there, tokens that are refused; no token is printed', async () => {
  const hub = await startHub(base);
  const cache = temporaryFolder();
  const run = withCache(cache, { HF_ENDPOINT: hub.endpoint, HF_TOKEN: 'hf_secret' });
  const fails = async (code: number, message: RegExp, ...args: string[]) => {
    const { code: actual, stdout, stderr } = await run('get', ...args);
    assert.equal(actual, code, stderr);
    assert.match(stderr, message);
    assert.doesNotMatch(stderr, /hf_secret|\n\s+at /);
    assert.equal(stdout, '');
  };
  await fails(2, /'nonsense' cannot be a model of the hub/, 'nonsense');
  await fails(2, /at '\.\.\/x' cannot be/, 'a/b', '--revision', '../x');
  await fails(2, /'ftp:x' is not the address of a hub/, 'a/b', '--endpoint', 'ftp:x');
  await fails(1, /has no model 'test\/other' that this token may read/, 'test/other');
  hub.refuse = { status: 401 };
  await fails(1, /does not accept the token/, 'test/base');
});

test('Ctrl-C: exit code 130, and the same command goes on', async () => {
  const hub = await startHub(base);
  const cache = temporaryFolder();
  mkdirSync(cache, { recursive: true });
  const env = { ...process.env, HF_HUB_CACHE: cache, HF_ENDPOINT: hub.endpoint };
  const child = startCli(['get', 'test/base'], undefined, env);
  const end = finished(child);
  let isStopped = false;
  // The server holds the connection; the command is stopped meanwhile.
  const seen = () => {
    if (!isStopped) child.kill('SIGINT');
    isStopped = true;
    return child.exitCode !== null;
  };
  hub.cut = { after: 2_000_000, times: 1, seen };
  const { code, stderr } = await end;
  assert.equal(code, 130, stderr);
  assert.match(stderr, /what has arrived is kept/);
  assert.equal((await withCache(cache, { HF_ENDPOINT: hub.endpoint })('get', 'test/base')).code, 0);
});

test('get --dataset: a split that a recipe then names, with its columns and a share for validation', async () => {
  const qa = readFileSync('test/golden/parquet/qa.pages.parquet');
  const hub = await startDatasetHub(new Map([['main/train-00000-of-00001.parquet', qa]]));
  const cache = temporaryFolder();
  const run = withCache(cache, { HF_ENDPOINT: hub.endpoint });
  const recipe = join(temporaryFolder(), 'x.lora.json');
  const data = { train: 'test/data:main', columns: { prompt: 'question', answer: 'answer' }, validation: 0.1 };
  writeFileSync(recipe, JSON.stringify({ experts: { a: { data } }, training: { steps: 2 } }));

  const missing = await run('plan', recipe);
  assert.equal(missing.code, 1);
  assert.match(missing.stderr, /the dataset 'test\/data:main' is neither a file \(.*\) nor in the Hugging Face cache/);
  assert.match(missing.stderr, /Get it with: multi-lora get --dataset test\/data:main/i);

  const got = await run('get', '--dataset', 'test/data:main');
  assert.equal(got.code, 0, got.stderr);
  const file = join(cache, 'datasets--test--data', 'snapshots', commit, 'main', 'train-00000-of-00001.parquet');
  assert.equal(got.stdout, `${file}\n`);
  assert.match(got.stderr, /in a recipe: "train": "test\/data:main"/);

  const plan = await run('plan', recipe, '--json');
  assert.equal(plan.code, 0, plan.stderr);
  assert.equal(JSON.parse(plan.stdout).experts[0].examples, 270);

  const list = await run('get', '--dataset', 'test/data', '--list');
  assert.equal(list.stdout, '  test/data:main  5.9 kB\n');
  assert.match((await run('get')).stdout, /data in it, as a recipe names it:\n +test\/data:main +5\.9 kB\n/);
  assert.equal((await run('get', '--list')).code, 2);

  const both = await run('get', 'test/base', '--dataset', 'test/data');
  assert.equal(both.code, 2);
  assert.match(both.stderr, /one after the other/);
});

test('get of a model in GGUF: listed, fetched by how its file ends, and named so in a recipe', async () => {
  const path = join(temporaryFolder(), 'base.gguf');
  await embeddedGguf(path);
  const files = new Map([['base-F16.gguf', readFileSync(path)]]);
  const hub = await startModelHub(files, 'test/base-GGUF');
  const cache = temporaryFolder();
  const home = temporaryFolder();
  const env = {
    HOME: home,
    USERPROFILE: home,
    OLLAMA_MODELS: '',
    LLAMA_CACHE: '',
    XDG_CACHE_HOME: join(home, '.cache'),
  };
  const run = withCache(cache, { ...env, HF_ENDPOINT: hub.endpoint, MULTI_LORA_CACHE: join(home, 'made') });

  const list = await run('get', 'test/base-GGUF', '--list');
  assert.equal(list.code, 0, list.stderr);
  assert.match(list.stdout, /in GGUF, as a recipe names it:\n {2}test\/base-GGUF:F16 {2}10\.\d MB, base-F16\.gguf\n/);
  const folder = await run('get', 'test/base-GGUF');
  assert.equal(folder.code, 1);
  assert.match(
    folder.stderr,
    /hint: In GGUF it has F16 \(10\.\d MB\)\. Get one with: multi-lora get test\/base-GGUF:F16/,
  );

  const got = await run('get', 'test/base-GGUF:F16');
  assert.equal(got.code, 0, got.stderr);
  assert.equal(got.stdout, `${join(cache, 'models--test--base-GGUF', 'snapshots', commit, 'base-F16.gguf')}\n`);
  assert.match(got.stderr, /in a recipe: "base": "test\/base-GGUF:F16"/);
  assert.match((await run('get', 'test/base-GGUF', 'base-F16.gguf')).stderr, /it was there already\n$/);

  const all = await run('get');
  assert.match(all.stdout, /as a recipe names them:\n +test\/base-GGUF:F16 +Hugging Face cache, 10 MB\n/);
  assert.doesNotMatch(all.stdout, /not to be used/);
  const recipe = join(temporaryFolder(), 'x.lora.json');
  writeFileSync(recipe, JSON.stringify({ base: 'test/base-GGUF:F16', experts: {} }));
  const answer = await run('ask', 'Hello', '--recipe', recipe, '--expert', 'base', '--max-tokens', '2', '--json');
  assert.equal(answer.code, 0, answer.stderr);
});
