import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { bundles } from '../scripts/build/bundles.mjs';
import { skippedEverywhere, testsWithoutAssertion } from './support/testsWithoutAssertion.ts';

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

test('each invariant of the architecture and the design notes names tests that exist', () => {
  const notes = readdirSync(`${root}docs/design`).map(name => `docs/design/${name}`);
  // A line of its own in the architecture; in a note a row of its last table.
  const invariants = [
    ...read('docs/ARCHITECTURE.md')
      .split('\n')
      .filter(line => line.startsWith('Invariant:')),
    ...notes.flatMap(note => {
      const [, table] = read(note).split('\n## Invariants\n\n| invariant | test |\n| --- | --- |\n');
      assert.ok(table, `${note} has no table of invariants`);
      return table.trimEnd().split('\n');
    }),
  ];
  assert.ok(invariants.length >= 90, `${invariants.length} invariants`);
  const wrong = invariants.flatMap(line => {
    // `path` “part of a title”, “of another in the same file”
    const tests = [...line.matchAll(/`(test\/[^`]+\.test\.ts|\.dependency-cruiser\.mjs)`((?:,? “[^”]+”)*)/g)];
    if (tests.length === 0) return [`no test is named: ${line}`];
    return tests.flatMap(([, path, titles]) => {
      if (!existsSync(`${root}${path}`)) return [`${path} is not there`];
      const named = [...titles!.matchAll(/“([^”]+)”/g)].map(m => m[1]!);
      const skipped = path!.endsWith('.test.ts') ? skippedEverywhere(`${root}${path}`) : [];
      return [
        ...named.filter(title => !read(path!).includes(title)).map(title => `${path} has no test “${title}”`),
        ...named.filter(title => skipped.some(s => s.includes(title))).map(title => `“${title}” is always skipped`),
      ];
    });
  });
  assert.deepEqual(wrong, []);
});

test('the architecture has every room of src', () => {
  const rooms = [...read('docs/ARCHITECTURE.md').matchAll(/^\| `src\/([a-z]+)` \|/gm)].map(m => m[1]!);
  const folders = readdirSync(`${root}src`, { withFileTypes: true }).filter(entry => entry.isDirectory());
  assert.deepEqual(rooms.sort(), folders.map(entry => entry.name).sort());
});

const testFiles = readdirSync(`${root}test`, { recursive: true, encoding: 'utf8' })
  .map(name => `test/${name.replaceAll('\\', '/')}`)
  .filter(path => path.endsWith('.ts') && !path.startsWith('test/golden/') && !path.startsWith('test/fixtures/'));

test('each test, step and case of a suite asserts something', () => {
  const wrong = testFiles.flatMap(path => testsWithoutAssertion(`${root}${path}`).map(title => `${path}: ${title}`));
  assert.deepEqual(wrong, []);
});

test('the tests that load this project into an editor lie in test/extension itself, for which alone npm test bundles', () => {
  const support = /from '[^']*extension\/support\/|from '\.\/support\//;
  const drives = testFiles.filter(
    path =>
      path.endsWith('.test.ts') &&
      read(path)
        .split('\n')
        .some(line => support.test(line) && /\b(openWorkbench|startWorkbench|runInHost)\b/.test(line)),
  );
  assert.ok(drives.length >= 8, `${drives.length} files`);
  // The package is unpacked from what it bundled itself.
  const elsewhere = drives.filter(path => !/^test\/extension\/[^/]+$/.test(path));
  assert.deepEqual(elsewhere, ['test/package/packageTarget.test.ts']);
});
