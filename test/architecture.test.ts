import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { bundles } from '../scripts/build/bundles.mjs';

const root = fileURLToPath(new URL('../', import.meta.url));
const read = (path: string): string => readFileSync(`${root}${path}`, 'utf8');

/** Rooms that say what can be said without a machine: no file, clock, network, timer or unseeded random number. */
const pure = ['text', 'protocol', 'hub', 'nn', 'recipe', 'data', 'router', 'review', 'evaluation', 'report'];

const sources = ['src', 'webview'].flatMap(folder =>
  readdirSync(`${root}${folder}`, { recursive: true, encoding: 'utf8' })
    .map(name => `${folder}/${name.replaceAll('\\', '/')}`)
    .filter(path => /\.tsx?$/.test(path)),
);

const isPure = (file: string): boolean => pure.includes(/^src\/([^/]+)\//.exec(file)?.[1] ?? '');
const isPage = (file: string): boolean => file.startsWith('webview/');

/** Without comments; an address in a string loses its end, which no rule here looks at. */
const withoutComments = (text: string): string => text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/\/\/.*$/gm, '');

test('activation loads no schema and no tokenizer: they take longer than all of it may', async () => {
  const { options } = bundles.find(b => b.entry === 'src/extension/activate.ts')!;
  const { metafile } = await build({ ...options, metafile: true, write: false, sourcemap: false });
  const loaded = new Set(['src/extension/activate.ts']);
  for (const file of loaded)
    for (const { path, kind, external } of metafile!.inputs[file]!.imports)
      if (kind !== 'dynamic-import' && !external) loaded.add(path);
  assert.ok(loaded.has('src/extension/services/hostEngine.ts'));
  const slow =
    /^(node_modules\/(zod|csv-parse|vscode-jsonrpc|@huggingface)\/|src\/(recipe\/schema|protocol\/api|protocol\/views\/\w+)\.ts)/;
  assert.deepEqual(
    [...loaded].filter(file => slow.test(file)),
    [],
  );
});

test('pure rooms and pages use no global of Node.js', () => {
  const globals = /\b(process|Buffer|__dirname|__filename)\s*[.(]/;
  assert.ok(sources.some(isPure) && sources.some(isPage));
  assert.deepEqual(
    sources.filter(file => (isPure(file) || isPage(file)) && globals.test(withoutComments(read(file)))),
    [],
  );
});

test('pure rooms touch no page: types of components bring those of the browser along', () => {
  const browser =
    /\b(document\.(create|getElement|querySelector|body|head|documentElement)|window\.(add|location|postMessage)|navigator\.|localStorage|sessionStorage|getComputedStyle|requestAnimationFrame)/;
  assert.deepEqual(
    sources.filter(file => isPure(file) && browser.test(withoutComments(read(file)))),
    [],
  );
});

test('pages make no markup from text', () => {
  const markup =
    /\b(innerHTML|outerHTML|insertAdjacentHTML|document\.write|DOMParser|createContextualFragment|setHTMLUnsafe|dangerouslySetInnerHTML)\b/;
  // Components of a report are drawn in a page too.
  const pages = sources.filter(file => isPage(file) || file.endsWith('.tsx'));
  assert.deepEqual(
    pages.filter(file => markup.test(withoutComments(read(file)))),
    [],
  );
});

test('pure rooms have no clock, no timer, no network and no random numbers but their own', () => {
  const impure =
    /\b(Math\.random|crypto\.|Date\.now|new Date\b|Date\(|performance\.|setTimeout|setInterval|setImmediate|fetch\()/;
  const wrong = sources.filter(isPure).flatMap(file => {
    const found = impure.exec(withoutComments(read(file)));
    return found ? [`${file} uses ${found[0]}`] : [];
  });
  assert.deepEqual(wrong, []);
});

test('names: no default exports, no enums, no utils, helpers, managers or commons', () => {
  const vague = /\/[^/]*(utils?|helpers?|manager|common)[^/]*(\/|\.tsx?$)/i;
  assert.deepEqual(
    sources.filter(file => vague.test(file)),
    [],
  );
  const wrong = sources.filter(file => /^export (default|(const )?enum)\b/m.test(withoutComments(read(file))));
  assert.deepEqual(wrong, []);
});

test("each 'Invariant:' of docs/ARCHITECTURE.md names tests that exist", () => {
  const invariants = read('docs/ARCHITECTURE.md')
    .split('\n')
    .filter(line => line.includes('Invariant:'));
  assert.ok(invariants.length >= 10, `${invariants.length} invariants`);
  const wrong = invariants.flatMap(line => {
    // `path` “part of a title”, “of another in the same file”
    const tests = [...line.matchAll(/`(test\/[^`]+\.test\.ts|\.dependency-cruiser\.mjs)`((?:,? “[^”]+”)*)/g)];
    if (tests.length === 0) return [`no test is named: ${line}`];
    return tests.flatMap(([, path, titles]) => {
      if (!existsSync(`${root}${path}`)) return [`${path} is not there`];
      const named = [...titles!.matchAll(/“([^”]+)”/g)].map(m => m[1]!);
      return named.filter(title => !read(path!).includes(title)).map(title => `${path} has no test “${title}”`);
    });
  });
  assert.deepEqual(wrong, []);
});
