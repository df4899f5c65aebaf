import assert from 'node:assert/strict';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { alignedTable } from '../bench/table.ts';
import { exampleRecipe, generatedFiles } from '../scripts/docs/recipeDocs.ts';
import { verbs } from '../src/cli/verbs/verbTable.ts';
import { formats } from '../src/data/datasetFormats.ts';
import { languageModelTools, skill } from '../src/extension/contributions/agents.ts';
import { commands } from '../src/extension/contributions/commands.ts';
import { settings } from '../src/extension/contributions/settings.ts';
import { knownModels } from '../src/hub/knownModels.ts';
import { tools } from '../src/mcp/tools/toolTable.ts';
import { mergeMethods } from '../src/protocol/mergeMethod.ts';
import { parseRecipe } from '../src/recipe/parse.ts';

const root = fileURLToPath(new URL('../', import.meta.url));
const read = (path: string): string => readFileSync(join(root, path), 'utf8');

for (const [path, text] of Object.entries(generatedFiles()))
  test(`${path} is what 'npm run docs' makes of the schema`, () => {
    assert.ok(read(path) === text, `${path} is out of date; run: npm run docs`);
  });

test('the example of docs/recipe-reference.md is a recipe without problems', () => {
  const { recipe, problems } = parseRecipe(exampleRecipe);
  assert.deepEqual(problems, []);
  assert.deepEqual(Object.keys(recipe!.experts), ['math', 'code']);
});

test('recipes under examples/ have no problems and point to the schema', () => {
  const recipes = readdirSync(join(root, 'examples'), { recursive: true, encoding: 'utf8' }).filter(f =>
    f.endsWith('.lora.json'),
  );
  assert.ok(recipes.length >= 1);
  for (const file of recipes) {
    const path = join('examples', file);
    const { recipe, problems } = parseRecipe(read(path));
    assert.deepEqual(problems, [], path);
    if (recipe?.$schema)
      assert.equal(resolve(root, dirname(path), recipe.$schema), join(root, 'syntaxes/lora-recipe.schema.json'));
  }
});

const folderOf = (path: string): string[] =>
  readdirSync(join(root, path), { recursive: true, encoding: 'utf8' }).map(name =>
    join(path, name).replaceAll('\\', '/'),
  );
const documents = [
  'README.md',
  'CONTRIBUTING.md',
  'CHANGELOG.md',
  ...folderOf('docs').filter(path => path.endsWith('.md')),
];
/** The package has it as README.md, so that its links are relative to the project's folder. */
const marketplace = 'docs/marketplace.md';
const text = Object.fromEntries(documents.map(path => [path, read(path)]));
const exists = (path: string): boolean => statSync(join(root, path), { throwIfNoEntry: false }) !== undefined;

/** Finds fault with each document, and names it. */
function inDocuments(faults: (text: string, path: string) => string[]): string[] {
  return documents.flatMap(path => faults(text[path]!, path).map(fault => `${path}: ${fault}`));
}

const withoutCode = (markdown: string): string => markdown.replace(/^```[\s\S]*?^```/gm, '').replace(/`[^`\n]*`/g, '');

/** The anchors of a document, as GitHub makes them of headings. */
function anchors(markdown: string): Set<string> {
  const headings = [...markdown.replace(/^```[\s\S]*?^```/gm, '').matchAll(/^#+ (.*)$/gm)].map(m => m[1]!);
  return new Set(
    headings.map(heading =>
      heading
        .toLowerCase()
        .replace(/[^\p{L}\p{N}_ -]/gu, '')
        .replaceAll(' ', '-'),
    ),
  );
}

/** Relative links and pictures of a document, as paths in the project, with what follows `#`. */
function linksOf(markdown: string, path: string): { path: string; anchor: string | undefined }[] {
  const folder = path === marketplace ? '' : dirname(path);
  return [...withoutCode(markdown).matchAll(/\]\(([^)\s]+)\)|(?:src|srcset)="([^"]+)"/g)]
    .map(m => (m[1] ?? m[2])!)
    .filter(link => !link.includes('://'))
    .map(link => {
      const [file, anchor] = link.split('#') as [string, string | undefined];
      return { path: file ? join(folder, file).replaceAll('\\', '/') : path, anchor };
    });
}

test('every relative link and picture of the documents is there, and so is the heading that it names', () => {
  const faults = inDocuments((markdown, path) =>
    linksOf(markdown, path).flatMap(link => {
      if (!exists(link.path)) return [`${link.path} is not there`];
      if (!link.anchor || anchors(read(link.path)).has(link.anchor)) return [];
      return [`${link.path} has no heading #${link.anchor}`];
    }),
  );
  assert.deepEqual(faults, []);
});

test('every picture of docs/images is shown somewhere', () => {
  const shown = new Set(documents.flatMap(path => linksOf(text[path]!, path).map(link => link.path)));
  assert.deepEqual(
    folderOf('docs/images').filter(path => !shown.has(path)),
    [],
  );
});

test('every path and file that the documents name in backticks is there', () => {
  const folders = ['src', 'webview', 'test', 'bench', 'scripts', 'docs', 'media', 'syntaxes', 'examples'];
  const files = folders.flatMap(folderOf).filter(path => !path.includes('/runs/'));
  const names = new Set([...files, ...readdirSync(root)].map(path => basename(path)));
  const faults = inDocuments(markdown => {
    const spans = [...markdown.replace(/^```[\s\S]*?^```/gm, '').matchAll(/`([^`\n]+)`/g)].map(m => m[1]!);
    return spans.flatMap(span => {
      // NAME and the like stand for something; `dist` is built.
      if (/[\s*…<>(]|\b[A-Z]{3,}\b(?!\.md)/.test(span)) return [];
      const isPath = folders.some(folder => span.startsWith(`${folder}/`));
      const isFile = /^[\w-]+\.(ts|mjs|css|md)$/.test(span);
      if ((isPath && !exists(span)) || (isFile && !names.has(span))) return [`${span} is not there`];
      return [];
    });
  });
  assert.deepEqual(faults, []);
});

test('the npm scripts that the documents name are there', () => {
  const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
  const faults = inDocuments(markdown =>
    [...markdown.matchAll(/npm run ([a-z]+)/g)].map(m => m[1]!).filter(name => !scripts[name]),
  );
  assert.deepEqual(faults, []);
});

test('the commands and settings that the documents name are those of the extension, and the editor’s page has every setting', () => {
  const titles = new Set<string>(Object.values(commands).map(command => command.title));
  const ids = new Set([...Object.keys(settings), ...Object.keys(commands)].map(id => id.replace(/^multiLora\./, '')));
  const faults = inDocuments(markdown => [
    ...[...markdown.matchAll(/\*\*Multi-LoRA: ([^*]+)\*\*/g)].map(m => m[1]!).filter(title => !titles.has(title)),
    ...[...markdown.matchAll(/`multiLora\.([\w.]+)`/g)].map(m => m[1]!).filter(id => !ids.has(id)),
  ]);
  assert.deepEqual(faults, []);
  assert.deepEqual(
    Object.keys(settings).filter(id => !text['docs/editor.md']!.includes(`\`multiLora.${id}\``)),
    [],
  );
});

test('the page of the command line has every verb, and names no option that its verb does not have', () => {
  const table = [...text['docs/command-line.md']!.matchAll(/^\| `([a-z]+)(.*?)` \|/gm)];
  const found = new Set(table.map(m => m[1]!));
  const common = ['device', 'threads', 'memory-limit', 'json', 'help'];
  for (const { name, options } of verbs) {
    assert.ok(found.has(name), `docs/command-line.md does not have ${name}`);
    for (const [, , syntax] of table.filter(m => m[1] === name))
      for (const [, option] of syntax!.matchAll(/--([a-z-]+)/g))
        assert.ok(options[option!] ?? common.includes(option!), `${name} has no --${option}`);
  }
  assert.equal(found.size, verbs.length);
});

test('the parts of docs/recipes.md make a recipe without problems', () => {
  const parts = [...text['docs/recipes.md']!.matchAll(/^```jsonc\n([\s\S]*?)\n```$/gm)].map(m => m[1]!);
  assert.ok(parts.length >= 7);
  const { recipe, problems } = parseRecipe(`{\n${parts.join(',\n')}\n}`);
  assert.deepEqual(problems, []);
  assert.deepEqual(Object.keys(recipe!.experts), ['math', 'code']);
});

test('docs/models-and-data.md has every form of dataset, every method of merging and every known model', () => {
  const page = text['docs/models-and-data.md']!;
  const rows = page.split('\n').filter(line => line.startsWith('|'));
  for (const [form, { required, optional }] of Object.entries(formats))
    assert.ok(
      rows.some(row => [...required, ...optional].every(field => row.includes(`\`${field}\``))),
      form,
    );
  assert.deepEqual(
    mergeMethods.filter(method => !page.includes(`\`${method}\``)),
    [],
  );
  assert.deepEqual(
    knownModels.map(model => model.repo).filter(repo => !rows.some(row => row.startsWith(`| ${repo} |`))),
    [],
  );
});

test('the page of agents has every tool of the server and of the editor', () => {
  const rows = text['docs/agents.md']!.split('\n').filter(line => line.startsWith('| `'));
  const named = rows.flatMap(row => [...row.split(' | ')[0]!.matchAll(/`(\w+)`/g)].map(m => m[1]!));
  assert.deepEqual(
    named,
    [...tools, ...languageModelTools].map(tool => tool.name),
  );
});

test('the skill goes by its folder’s name, its recipe has no problems, and it names every tool and no other verb', () => {
  const page = read(skill.path);
  assert.equal(/^name: (.+)$/m.exec(page)![1], basename(dirname(skill.path)));
  const description = /^description: (.+)$/m.exec(page)![1]!;
  assert.ok(description.length <= 1024);
  const { recipe, problems } = parseRecipe(/^```jsonc\n([\s\S]*?)\n```$/m.exec(page)![1]!);
  assert.deepEqual(problems, []);
  assert.deepEqual(Object.keys(recipe!.experts), ['math', 'code']);
  const untold = [...tools, ...languageModelTools].filter(({ name }) => !page.includes(`\`${name}\``));
  assert.deepEqual(untold, []);
  const named = [...page.matchAll(/^multi-lora (\w+)/gm)].map(m => m[1]!);
  assert.ok(named.length >= 7);
  assert.deepEqual(
    named.filter(name => !verbs.some(verb => verb.name === name)),
    [],
  );
});

const words = (prose: string): number => prose.split(/\s+/).filter(Boolean).length;

test('the README has less than 900 words', () => {
  assert.ok(words(text['README.md']!) < 900, `${words(text['README.md']!)} words`);
});

test('docs/performance.md has less than 1,200 words beside its tables, which are as the bench makes them', () => {
  const page = text['docs/performance.md']!;
  const prose = page
    .replace(/^```[\s\S]*?^```/gm, '')
    .replace(/<!--.*?-->/gs, '')
    .replace(/^\|.*$/gm, '');
  assert.ok(words(prose) < 1200, `${words(prose)} words`);
  const tables = [...page.matchAll(/<!-- bench: (.+?) -->\n\n([\s\S]*?)\n\n<!-- \/bench -->/g)];
  assert.ok(tables.length >= 1);
  for (const [, machine, table] of tables) {
    const cells = table!.split('\n').map(line =>
      line
        .slice(2, -2)
        .split(' | ')
        .map(cell => cell.trimEnd()),
    );
    assert.equal(table, alignedTable(cells.slice(2)), machine);
  }
});
