import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { posix } from 'node:path';
import { before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { bundles } from '../scripts/build/bundles.mjs';

const root = fileURLToPath(new URL('../', import.meta.url));
const read = (path: string): string => readFileSync(`${root}${path}`, 'utf8');

type Room = 'shared' | 'core' | 'engine' | 'client' | 'cli' | 'host' | 'extension' | 'webview';

/** The rooms that each room may import from, itself apart: docs/ARCHITECTURE.md draws the same arrows. */
const arrows: Record<Room, Room[]> = {
  shared: [],
  core: ['shared'],
  engine: ['shared', 'core'],
  client: ['shared'],
  cli: ['shared', 'core', 'engine', 'client'],
  host: ['shared', 'core', 'client'],
  extension: ['shared', 'core', 'client', 'host'],
  webview: ['shared'],
};

/** Packages that only these files and folders may import. */
const reserved: Record<string, string[]> = {
  'onnxruntime-node': ['src/engine/runtime/session.ts'],
  vscode: ['src/host/', 'src/extension/activate.ts'],
  '@vscode/webview-ui-toolkit': ['webview/components/components.ts'],
  uplot: ['webview/components/chart.ts'],
};

/** Rooms that run anywhere, so that they may not know Node.js. */
const withoutNode: Room[] = ['shared', 'core', 'webview'];

interface Import {
  file: string;
  /** A file of the project (`src/…`), or a package or builtin as written. */
  target: string;
}

const folders = ['src', 'webview'].filter(folder => existsSync(`${root}${folder}`));
const sources = folders.flatMap(folder =>
  readdirSync(`${root}${folder}`, { recursive: true, encoding: 'utf8' })
    .map(name => `${folder}/${name.replaceAll('\\', '/')}`)
    .filter(path => path.endsWith('.ts')),
);

function roomOf(file: string): Room | undefined {
  if (file === 'src/extension/activate.ts') return 'extension';
  const name = file.startsWith('webview/') ? 'webview' : /^src\/([^/]+)\//.exec(file)?.[1];
  return name !== undefined && name in arrows ? (name as Room) : undefined;
}

/** Without comments; an address in a string loses its end, which no rule here looks at. */
const withoutComments = (text: string): string => text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/\/\/.*$/gm, '');

/** Every import and re-export as written, those of types too, which a bundler drops. */
function writtenImports(file: string): Import[] {
  const statement =
    /(?:^|[;\s])(?:import|export)\s(?:[^'";]*?\sfrom\s)?\s*['"]([^'"]+)['"]|\b(?:import|require)\(\s*['"]([^'"]+)['"]/g;
  return [...withoutComments(read(file)).matchAll(statement)].map(([, named, called]) => {
    const target = (named ?? called)!;
    return { file, target: target.startsWith('.') ? posix.join(posix.dirname(file), target) : target };
  });
}

/** What the bundler found, over all bundles. */
async function bundledImports(): Promise<Import[]> {
  const found = await Promise.all(
    bundles.map(async ({ options }) => {
      const { metafile } = await build({ ...options, metafile: true, write: false, sourcemap: false });
      return Object.entries(metafile.inputs)
        .filter(([file]) => roomOf(file))
        .flatMap(([file, input]) =>
          input.imports.map(i => ({ file, target: /^(src|webview)\//.test(i.path) ? i.path : (i.original ?? i.path) })),
        );
    }),
  );
  return found.flat();
}

let imports: Import[] = [];
before(async () => {
  const all = [...sources.flatMap(writtenImports), ...(await bundledImports())];
  imports = [...new Map(all.map(i => [`${i.file} → ${i.target}`, i])).values()];
});

const show = (list: Import[]): string[] => list.map(i => `${i.file} imports ${i.target}`);

test('every source file is in a room', () => {
  assert.deepEqual(
    sources.filter(file => !roomOf(file)),
    [],
  );
  assert.ok(
    sources.length > 100 && imports.length > sources.length,
    `${sources.length} files, ${imports.length} imports`,
  );
});

test('imports follow the arrows', () => {
  const wrong = imports.filter(({ file, target }) => {
    if (!/^(src|webview|scripts|test|bench)\//.test(target)) return false;
    const [from, to] = [roomOf(file), roomOf(target)];
    return !from || !to || (from !== to && !arrows[from].includes(to));
  });
  assert.deepEqual(show(wrong), []);
});

test('no file imports itself by way of others, types included', () => {
  const targets = new Map<string, string[]>();
  for (const { file, target } of imports) targets.set(file, [...(targets.get(file) ?? []), target]);
  const reachable = (from: string): Set<string> => {
    const seen = new Set(targets.get(from));
    for (const file of seen) for (const target of targets.get(file) ?? []) seen.add(target);
    return seen;
  };
  assert.deepEqual(
    sources.filter(file => reachable(file).has(file)),
    [],
  );
});

test('activation loads no schema and no tokenizer: they take longer than all of it may', async () => {
  const { options } = bundles.find(b => b.entry === 'src/extension/activate.ts')!;
  const { metafile } = await build({ ...options, metafile: true, write: false, sourcemap: false });
  const loaded = new Set(['src/extension/activate.ts']);
  for (const file of loaded)
    for (const { path, kind, external } of metafile!.inputs[file]!.imports)
      if (kind !== 'dynamic-import' && !external) loaded.add(path);
  assert.ok(loaded.has('src/extension/services/hostEngine.ts'));
  const slow = /^(node_modules\/(zod|csv-parse|vscode-jsonrpc|@huggingface)\/|src\/shared\/(recipe|webviewApi\w*)\.ts)/;
  assert.deepEqual(
    [...loaded].filter(file => slow.test(file)),
    [],
  );
});

test('one file imports onnxruntime-node, and only the host imports vscode', () => {
  const wrong = imports.filter(({ file, target }) => reserved[target]?.some(place => file.startsWith(place)) === false);
  assert.deepEqual(show(wrong), []);
  assert.ok(imports.some(i => i.target === 'onnxruntime-node'));
});

test('shared, core and webview know nothing of Node.js', () => {
  const builtin = (target: string) => target.startsWith('node:') || builtinModules.includes(target);
  const wrong = imports.filter(({ file, target }) => withoutNode.includes(roomOf(file)!) && builtin(target));
  assert.deepEqual(show(wrong), []);
  const globals = /\b(process|Buffer|__dirname|__filename)\s*[.(]/;
  assert.deepEqual(
    sources.filter(file => withoutNode.includes(roomOf(file)!) && globals.test(withoutComments(read(file)))),
    [],
  );
});

test('pages make no markup from text', () => {
  const markup =
    /\b(innerHTML|outerHTML|insertAdjacentHTML|document\.write|DOMParser|createContextualFragment|setHTMLUnsafe)\b/;
  const pages = sources.filter(file => roomOf(file) === 'webview');
  assert.deepEqual(
    pages.filter(file => markup.test(withoutComments(read(file)))),
    [],
  );
});

test('core has no clock, no timer, no network and no random numbers but its own', () => {
  const impure =
    /\b(Math\.random|crypto\.|Date\.now|new Date\b|Date\(|performance\.|setTimeout|setInterval|setImmediate|fetch\()/;
  const wrong = sources
    .filter(file => roomOf(file) === 'core')
    .flatMap(file => {
      const found = impure.exec(withoutComments(read(file)));
      return found ? [`${file} uses ${found[0]}`] : [];
    });
  assert.deepEqual(wrong, []);
});

test('no file with exports in core or engine reaches 400 lines', () => {
  const long = sources
    .filter(file => /^src\/(core|engine)\//.test(file) && /^export /m.test(read(file)))
    .map(file => ({ file, lines: read(file).split('\n').length - 1 }))
    .filter(({ lines }) => lines >= 400);
  assert.deepEqual(long, []);
});

test('names: no default exports, no enums, no utils, helpers, managers or commons', () => {
  const vague = /\/[^/]*(utils?|helpers?|manager|common)[^/]*(\/|\.ts$)/i;
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
    const tests = [...line.matchAll(/`(test\/[^`]+\.test\.ts)`((?:,? “[^”]+”)*)/g)];
    if (tests.length === 0) return [`no test is named: ${line}`];
    return tests.flatMap(([, path, titles]) => {
      if (!existsSync(`${root}${path}`)) return [`${path} is not there`];
      const named = [...titles!.matchAll(/“([^”]+)”/g)].map(m => m[1]!);
      return named.filter(title => !read(path!).includes(title)).map(title => `${path} has no test “${title}”`);
    });
  });
  assert.deepEqual(wrong, []);
});
