import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { before, test } from 'node:test';
import { packageTarget, targets } from '../../scripts/build/packageTarget.mjs';
import { startEngine } from '../../src/client/engineClient.ts';
import { exampleQuestion } from '../../src/extension/recipe/exampleExperts.ts';
import { ask, openChat } from '../extension/support/chat.ts';
import { chooseFolder } from '../extension/support/chooseFolder.ts';
import { type Editor, installEditor } from '../extension/support/installEditor.ts';
import { installExtension } from '../extension/support/installExtension.ts';
import { appears, openWorkbench, type Workbench } from '../extension/support/workbench.ts';
import { startHub } from '../support/hubServer.ts';
import { temporaryFolder } from '../support/temporaryFolder.ts';
import { unzip } from '../support/unzip.ts';

/** The machine may be busy with other tests; nothing here asserts a time. */
const patience = { timeout: 180_000 };
const here = `${process.platform}-${process.arch}`;
const target = targets.includes(here) ? here : 'linux-x64';
const folder = temporaryFolder();
const extension = join(folder, 'unzipped', 'extension');
let vsix = '';
let files: string[] = [];

before(async () => {
  vsix = await packageTarget(target, folder);
  unzip(vsix, join(folder, 'unzipped'));
  files = readdirSync(extension, { recursive: true, encoding: 'utf8' })
    .map(name => name.replaceAll('\\', '/'))
    .filter(name => statSync(join(extension, name)).isFile());
});

test('it holds what the extension needs, the runtime of one platform, and nothing of the workshop', () => {
  // What .vscodeignore does not leave out gets in.
  assert.deepEqual(readdirSync(extension).sort(), [
    'LICENSE.txt',
    'NOTICE',
    'THIRD_PARTY_NOTICES.txt',
    'changelog.md',
    'dist',
    'docs',
    'examples',
    'l10n',
    'media',
    'package.json',
    'package.nls.json',
    'readme.md',
    'skills',
    'syntaxes',
  ]);
  const expected = [
    'package.json',
    'readme.md',
    'changelog.md',
    'LICENSE.txt',
    'NOTICE',
    'THIRD_PARTY_NOTICES.txt',
    'media/icon.png',
    'media/base/model.safetensors',
    'media/router/prior.bin',
    'media/experts/adapters/math/adapter_model.safetensors',
    'examples/first/commits.lora.json',
    'syntaxes/lora-recipe.schema.json',
    'examples/experts/experts.lora.json',
    'skills/lora-recipes/SKILL.md',
    'media/walkthrough/begin.svg',
    'dist/extension/main.cjs',
    'dist/engine.mjs',
    'dist/codeGrader.mjs',
    'dist/emscripten-module.wasm',
    'dist/webview/report.js',
    'dist/webview/report.css',
  ];
  assert.deepEqual(
    expected.filter(name => !files.includes(name)),
    [],
  );
  const binaries = files.filter(name => /\.(node|so|dylib|dll)(\.|$)/.test(name));
  const place = `dist/node_modules/onnxruntime-node/bin/napi-v6/${target.replace('-', '/')}/`;
  assert.ok(binaries.length >= 2);
  assert.deepEqual(
    binaries.filter(name => !name.startsWith(place)),
    [],
  );
  const page = readFileSync(join(extension, 'readme.md'), 'utf8');
  assert.doesNotMatch(page, /docs\/images/);
  assert.equal(page.match(/!\[[^\]]+\]\(data:image\/png;base64,iVBOR/g)?.length, 2, 'its pictures are in it');
  assert.equal(page.match(/!\[[^\]]+\]\(data:image\/gif;base64,R0lGOD/g)?.length, 1, 'and its film');
  const workshop = /\.(ts|map|vsix)$|(^|\/)(src|test|scripts|bench|meta|runs|\.git)\//;
  assert.deepEqual(
    files.filter(name => workshop.test(name)),
    [],
  );
});

test('the package for Linux has at most 35 MB', { skip: target !== 'linux-x64' }, () => {
  const { size } = statSync(vsix);
  assert.ok(size <= 35e6, `${size} bytes`);
});

test('its manifest names an icon and a main that are there, and nothing that npm would have to install', () => {
  const manifest = JSON.parse(readFileSync(join(extension, 'package.json'), 'utf8'));
  assert.ok(files.includes(manifest.icon));
  assert.ok(existsSync(join(extension, manifest.main)));
  assert.deepEqual(
    [manifest.dependencies, manifest.devDependencies, manifest.scripts],
    [undefined, undefined, undefined],
  );
  assert.match(
    readFileSync(join(folder, 'unzipped', 'extension.vsixmanifest'), 'utf8'),
    new RegExp(`TargetPlatform="${target}"`),
  );
});

test('every package that is bundled has its licence in the notices', () => {
  const notices = readFileSync(join(extension, 'THIRD_PARTY_NOTICES.txt'), 'utf8');
  for (const name of [
    'onnxruntime-node',
    'undici',
    'zod',
    '@huggingface/hub',
    'quickjs-emscripten-core',
    'vscode-jsonrpc',
    '@modelcontextprotocol/sdk',
  ])
    assert.match(notices, new RegExp(`^${name} \\d+\\.\\d+\\.\\d+ \\((MIT|Apache-2\\.0|ISC|BSD-3-Clause)\\)$`, 'm'));
  assert.match(notices, /Copyright \(c\) Microsoft Corporation/);
});

test('unpacked elsewhere, its engine answers with the embedded base, and downloads another', {
  skip: target !== here,
}, async t => {
  const engine = startEngine({
    failsWhenLost: true,
    enginePath: join(extension, 'dist', 'engine.mjs'),
    args: ['--media', join(extension, 'media'), '--threads', '1'],
    env: { HF_HUB_CACHE: join(folder, 'cache') },
  });
  t.after(() => engine.dispose());
  const { answerTokens, text } = await engine.request('ask', {
    prompt: 'What is 3 + 4?',
    target: { kind: 'auto' },
    settings: { maxTokens: 4 },
  });
  assert.ok(answerTokens >= 1 && answerTokens <= 4, `${answerTokens} tokens: ${text}`);
  const { endpoint } = await startHub(join(extension, 'media', 'base'));
  const { bytes, fetchedBytes } = await engine.request('download', { repo: 'test/base', endpoint });
  assert.ok(bytes > 10e6 && fetchedBytes === bytes, `${fetchedBytes} of ${bytes}`);
});

const editor = target === here ? installEditor() : { missing: `${here} is no platform of a package` };

test('installed in a clean editor, it answers in the chat from its own runtime', {
  skip: 'missing' in editor && editor.missing,
}, async t => {
  const dataFolder = join(folder, 'clean');
  installExtension(editor as Editor, vsix, dataFolder);
  const bench = await openWorkbench(editor as Editor, { folder: temporaryFolder(), dataFolder, extension: null });
  await openChat(bench);
  const answer = await ask(bench, exampleQuestion);
  assert.match(await answer.innerText(), /Routed to math[\s\S]*Answer: 85/);
  // What comes next is below the answer, not folded away, with its buttons.
  await answer.getByText('These are the example experts').waitFor(patience);
  for (const title of ['New Recipe…', 'Open Example Workspace…', 'Get a Base Model…'])
    await answer.getByText(title, { exact: true }).waitFor(patience);
  const engines = readdirSync('/proc')
    .filter(name => /^\d+$/.test(name))
    .map(pid => `/proc/${pid}/maps`)
    .filter(maps => mapsOf(maps).includes(join(dataFolder, 'extensions')));
  assert.equal(engines.length, 1);
  assert.match(mapsOf(engines[0]!), /clean\/extensions\/.*\/onnxruntime_binding\.node/);
  await bench.picture('vsix');
  const parent = temporaryFolder();
  const opening = bench.page.context().waitForEvent('page', patience);
  await bench.command('Multi-LoRA: Open Example Workspace…');
  await chooseFolder(bench, parent);
  const page = await opening;
  await page.locator('.tab').filter({ hasText: 'experts.lora.json' }).waitFor(patience);
  await page.locator('.interactive-input-editor').getByText(exampleQuestion).waitFor(patience);
  if (process.env.SCREENSHOTS) await page.screenshot({ path: join(process.env.SCREENSHOTS, 'vsix-example.png') });
  await page.close();
  t.diagnostic(`activation: ${await activation(bench)}`);
  await bench.close();
});

/** The libraries that a process has loaded; empty for one that has ended or is another user's. */
function mapsOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

/** What the editor itself measured. */
async function activation({ command, page }: Workbench): Promise<string> {
  await command('Developer: Show Running Extensions');
  const list = page.locator('.runtime-extensions-editor .monaco-list').first();
  const row = list.locator('.monaco-list-row').filter({ hasText: 'Multi-LoRA' }).first();
  await list.hover();
  // Rows that are scrolled out of view are not in the page, and which others are there hangs on what else was activated.
  for (let screens = 0; !(await appears(row, 1000)) && screens < 100; screens++)
    await page.mouse.wheel(0, screens % 10 === 9 ? -100_000 : 300);
  return row.locator('.activation-time').innerText();
}
