import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import test from 'node:test';
import { fileURLToPath } from 'node:url';
import { embeddedGguf, ggufStart } from '../support/embeddedGguf.ts';
import { type HubServer, startHub } from '../support/hubServer.ts';
import { addOllamaModel, blobOf } from '../support/ollamaStore.ts';
import { temporaryFolder } from '../support/temporaryFolder.ts';
import { untilWithin } from '../support/untilWithin.ts';
import { chooseFolder } from './support/chooseFolder.ts';
import { type Editor, installEditor } from './support/installEditor.ts';
import { notification, pressIn } from './support/notifications.ts';
import { machineFile, writeMachineSettings } from './support/server.ts';
import { openWorkbench, type Workbench } from './support/workbench.ts';

/** The machine may be busy with other tests; nothing here asserts a time. */
const patience = { timeout: 180_000 };
const until = untilWithin(patience.timeout);
const base = fileURLToPath(new URL('../../media/base', import.meta.url));

const found = installEditor();
const skip = 'missing' in found ? found.missing : false;

interface Session extends Workbench {
  hub: HubServer;
  /** The workspace, empty at first. */
  folder: string;
  cache: string;
  dataFolder: string;
}

test('from nothing to a recipe on a downloaded base', { skip }, async t => {
  const [folder, cache, dataFolder] = [temporaryFolder(), temporaryFolder(), temporaryFolder()];
  const hub = await startHub(base);
  t.after(() => {
    isStopped = true;
  });
  hub.token = 'hf_right';
  writeMachineSettings(dataFolder, { 'multiLora.hub.endpoint': hub.endpoint, 'multiLora.modelFolder': cache });
  const home = temporaryFolder();
  await keepModels(home);
  writeFileSync(join(folder, 'local.lora.json'), '{ "base": "" }');
  const homes = {
    HOME: home,
    OLLAMA_MODELS: join(home, '.ollama', 'models'),
    LLAMA_CACHE: '',
    XDG_CACHE_HOME: join(home, '.cache'),
  };
  const bench = await openWorkbench(found as Editor, {
    folder,
    dataFolder,
    env: { HF_ENDPOINT: '', NO_PROXY: '*', ...homes },
  });
  const session: Session = { ...bench, hub, folder, cache, dataFolder };

  await t.test('a download that fails offers the settings that may be wrong', () => failsFirst(session));
  await t.test('a download that fails is tried again, and again', () => triesAgain(session));
  await t.test('a base is chosen among those that fit, or typed; a token is asked for where one is wanted', () =>
    asksForToken(session),
  );
  await t.test('a download shows how far it is, is stopped, goes on, and survives a cut connection', () =>
    downloads(session),
  );
  await t.test('what is downloaded becomes the base of a new recipe, with data to begin with', () => begins(session));
  await t.test('a folder without the parts of a model is refused; one that has them becomes the base', () =>
    opensFolder(session),
  );
  await t.test('a model of Ollama is offered first, and becomes the base without a download', () =>
    usesOllamas(session),
  );
  await t.test('a recipe is completed with it, and its hover tells what it is', () => completesBase(session));
  await t.test('a base takes the place of that of a recipe', () => usesInRecipe(session));
  await t.test('the token went to the hub alone and is in no log; it can be removed', () => keepsToken(session));
  await t.test('the examples are copied to where the user says', () => copiesExamples(session));
  await t.test('the walkthrough names the steps', () => walks(session));
  await bench.close();
});

async function failsFirst(s: Session): Promise<void> {
  const { page } = s;
  s.hub.refuse = { status: 500 };
  await s.command('Multi-LoRA: Get a Base Model…');
  await type(s, 'test/base', 'from the Hugging Face hub');
  await pressIn(s, 'answered with status 500', 'Open Settings');
  await page.locator('.settings-editor').getByText('multiLora.hub').first().waitFor(patience);
  // What a window elsewhere downloads with is not in the settings of the user's own machine.
  const scope = page.locator('.settings-tabs-widget .action-label.checked');
  assert.match(await scope.innerText(), /^Remote/);
  await s.picture('get-base-settings');
  await page.keyboard.press('Escape');
  await page.locator('.settings-editor').waitFor({ ...patience, state: 'detached' });
}

async function triesAgain(s: Session): Promise<void> {
  await s.command('Multi-LoRA: Get a Base Model…');
  await type(s, 'test/base', 'from the Hugging Face hub');
  await notification(s, 'answered with status 500');
  const before = s.hub.paths.length;
  await pressIn(s, 'answered with status 500', 'Retry');
  await until(() => s.hub.paths.length > before);
  await notification(s, 'answered with status 500');
  s.hub.refuse = undefined;
  await pressIn(s, 'answered with status 500', 'Retry');
  await asked(s, /needs a token/);
  await s.page.keyboard.press('Escape');
}

async function asksForToken(s: Session): Promise<void> {
  await s.command('Multi-LoRA: Get a Base Model…');
  await row(s, 'HuggingFaceTB/SmolLM2-135M-Instruct').waitFor(patience);
  await s.picture('get-base');
  await type(s, 'test/base', 'from the Hugging Face hub');
  await asked(s, /needs a token/);
  await type(s, 'hf_wrong');
  await asked(s, /does not accept the token/);
  await s.picture('get-base-token');
  // Holds the connection until the user has stopped the download.
  s.hub.cut = { after: 4_000_000, times: 1, seen: () => isStopped };
  await type(s, 'hf_right');
}

let isStopped = false;

async function downloads(s: Session): Promise<void> {
  await notification(s, / of 10\.\d MB/);
  await s.picture('get-base-progress');
  await pressIn(s, / of 10\.\d MB/, 'Cancel');
  await notification(s, 'The download of test/base was stopped');
  isStopped = true;
  const [first] = s.hub.large;
  const partial = () => readdirSync(join(s.cache, 'models--test--base', 'blobs')).find(n => n.endsWith('.partial'))!;
  const arrived = () => statSync(join(s.cache, 'models--test--base', 'blobs', partial())).size;
  const kept = arrived();
  s.hub.cut = { after: 2_000_000, times: 1, seen: () => arrived() > kept };
  await pressIn(s, 'The download of test/base was stopped', 'Continue');
  await notification(s, /test\/base is downloaded \(10\.\d MB\) and checked/);
  await s.picture('get-base-done');
  const starts = s.hub.large.map(r => r.from);
  assert.deepEqual([first!.from, starts.length, starts[1]], [0, 3, kept]);
  assert.ok(starts[2]! > kept, starts.join());
}

async function begins(s: Session): Promise<void> {
  await pressIn(s, 'test/base is downloaded', 'New Recipe with It');
  await asked(s, /becomes NAME\.lora\.json/);
  await type(s, 'mine');
  await s.page.locator('.tab.active').filter({ hasText: 'mine.lora.json' }).waitFor(patience);
  await s.picture('new-recipe');
  const recipe = readFileSync(join(s.folder, 'mine.lora.json'), 'utf8');
  assert.match(recipe, /"base": "test\/base"[\s\S]*"mine": \{ "data": \{ "train": "mine\.jsonl" \} \}/);
  assert.equal(readFileSync(join(s.folder, 'mine.jsonl'), 'utf8').trim().split('\n').length, 3);
}

async function opensFolder(s: Session): Promise<void> {
  await s.command('Multi-LoRA: Get a Base Model…');
  await row(s, 'test/base').filter({ hasText: 'downloaded' }).waitFor(patience);
  await row(s, 'Open a folder…').click(patience);
  await chooseFolder(s, s.folder);
  await notification(s, /config\.json is not there.*Choose the folder of a model/);
  await s.command('Multi-LoRA: Get a Base Model…');
  await row(s, 'Open a folder…').click(patience);
  await chooseFolder(s, base);
  await pressIn(s, `${base} is ready to be used`, 'Use as Base');
  await until(() =>
    readFileSync(machineFile(s.dataFolder), 'utf8').includes(`"multiLora.base": ${JSON.stringify(base)}`),
  );
}

const hash = 'a'.repeat(64);

/** A model of Ollama's, and one of LM Studio's that cannot be a base. */
async function keepModels(home: string): Promise<void> {
  const store = join(home, '.ollama', 'models');
  await embeddedGguf(blobOf(store, hash));
  addOllamaModel(store, 'registry.ollama.ai/library/tiny/5m', hash);
  const other = join(home, '.lmstudio', 'models', 'maker', 'repo', 'embeds.gguf');
  mkdirSync(dirname(other), { recursive: true });
  writeFileSync(other, ggufStart({ 'general.architecture': 'bert' }));
}

async function usesOllamas(s: Session): Promise<void> {
  const before = s.hub.paths.length;
  await s.command('Multi-LoRA: Get a Base Model…');
  await row(s, 'tiny:5m')
    .filter({ hasText: /Ollama · 10\.\d MB/ })
    .waitFor(patience);
  await s.picture('get-base-local');
  assert.match((await row(s, '').textContent())!, /tiny:5m.*On this machine/);
  await type(s, 'embeds', "the architecture 'bert' is not supported");
  await notification(s, /embeds\.gguf: the architecture 'bert' is not supported.*Supported in GGUF: llama/);
  await s.command('Multi-LoRA: Get a Base Model…');
  await row(s, 'tiny:5m').click(patience);
  await pressIn(
    s,
    /ollama:tiny:5m is ready to be used: llama, 5\.14 M parameters, answers within 135\.0 MB/,
    'Use as Base',
  );
  await until(() => readFileSync(machineFile(s.dataFolder), 'utf8').includes('"multiLora.base": "ollama:tiny:5m"'));
  assert.equal(s.hub.paths.length, before);
}

async function completesBase(s: Session): Promise<void> {
  const { page } = s;
  const word = (text: string) =>
    page.locator('.editor-group-container.active .view-line span span').getByText(text, { exact: true }).first();
  await page.locator('.explorer-folders-view').getByText('local.lora.json', { exact: true }).first().dblclick(patience);
  await page.locator('.tab.active').filter({ hasText: 'local.lora.json' }).first().waitFor(patience);
  await word('""').click(patience);
  await page.keyboard.press('ArrowLeft');
  await s.command('Trigger Suggest');
  const suggested = page.locator('.suggest-widget');
  await suggested.getByText('ollama:tiny:5m').waitFor(patience);
  assert.equal(await suggested.getByText('embeds.gguf').count(), 0);
  await page.keyboard.type('ollama');
  await page.keyboard.press('Enter');
  await page.keyboard.press('Control+S');
  await until(() => readFileSync(join(s.folder, 'local.lora.json'), 'utf8').includes('"base": "ollama:tiny:5m"'));
  await word('"ollama:tiny:5m"').hover(patience);
  await page
    .locator('.monaco-hover')
    .getByText(/llama, 5,\d+,\d+ parameters .* 6 layers of width 256/)
    .waitFor(patience);
}

async function usesInRecipe(s: Session): Promise<void> {
  const recipe = join(s.folder, 'mine.lora.json');
  const before = readFileSync(recipe, 'utf8');
  await s.command('View: Close All Editors');
  await s.command('Multi-LoRA: Get a Base Model…');
  await row(s, 'tiny:5m').click(patience);
  await pressIn(s, 'ollama:tiny:5m is ready to be used', 'Use in a Recipe…');
  await row(s, 'mine.lora.json').click(patience);
  await pressIn(
    s,
    /ollama:tiny:5m is the base of mine\.lora\.json\. Experts .* another base do not fit/,
    'Open the Recipe',
  );
  await s.page.locator('.tab.active').filter({ hasText: 'mine.lora.json' }).first().waitFor(patience);
  await s.page.locator('.view-line').getByText('ollama:tiny:5m').first().waitFor(patience);
  await s.picture('use-in-recipe');
  assert.equal(readFileSync(recipe, 'utf8'), before.replace('"test/base"', '"ollama:tiny:5m"'));
}

async function keepsToken(s: Session): Promise<void> {
  assert.deepEqual([...new Set(s.hub.large.map(r => r.authorization))], [undefined]);
  const files = readdirSync(s.dataFolder, { recursive: true, encoding: 'utf8' }).map(name => join(s.dataFolder, name));
  const telling = files.filter(f => statSync(f).isFile() && /hf_(right|wrong)/.test(readFileSync(f, 'latin1')));
  assert.deepEqual(telling, []);
  await s.command('Multi-LoRA: Remove Hugging Face Token');
  await notification(s, 'the token is removed');
}

async function copiesExamples(s: Session): Promise<void> {
  const parent = temporaryFolder();
  await s.command('Multi-LoRA: Open Example Workspace…');
  await chooseFolder(s, parent);
  const recipe = join(parent, 'multi-lora-experts', 'experts.lora.json');
  await until(() => existsSync(recipe) && !readFileSync(recipe, 'utf8').includes('$schema'));
  assert.ok(existsSync(join(parent, 'multi-lora-experts', 'math', 'train.jsonl')));
  assert.ok(existsSync(join(parent, 'multi-lora-experts', 'first', 'commits.lora.json')));
  const trained = join(parent, 'multi-lora-experts', 'runs', 'experts');
  assert.deepEqual(readdirSync(trained).sort(), ['adapters', 'router'], 'nothing of a run, but what comes trained');
  assert.deepEqual(readdirSync(join(trained, 'adapters')).sort(), ['code', 'math', 'qa']);
}

async function walks(s: Session): Promise<void> {
  // Beside the chat there is no room for the pictures.
  await s.command('View: Hide Secondary Side Bar');
  await s.command('Multi-LoRA: Get Started');
  await s.page.locator('.gettingStartedContainer').getByText('Ask the experts').first().waitFor(patience);
  const media = s.page.frameLocator('iframe.webview.ready').frameLocator('iframe#active-frame');
  await media.locator('svg').first().waitFor(patience);
  await s.picture('walkthrough');
}

function input({ page }: Workbench) {
  return page.locator('.quick-input-widget input.input');
}

function row({ page }: Workbench, text: string) {
  return page.locator('.quick-input-list .monaco-list-row').filter({ hasText: text }).first();
}

async function asked({ page }: Workbench, what: RegExp): Promise<void> {
  await page.locator('.quick-input-message').getByText(what).waitFor(patience);
}

/** Types into the quick input; accepts it once the list shows what is expected. */
async function type(s: Workbench, text: string, expected?: string): Promise<void> {
  await input(s).fill(text);
  if (expected) await row(s, expected).waitFor(patience);
  await s.page.keyboard.press('Enter');
}
