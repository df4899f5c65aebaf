import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { temporaryFolder } from '../../support/temporaryFolder.ts';

const adapter = fileURLToPath(new URL('../../fixtures/review', import.meta.url));

const before = [
  'function total(items) {',
  '  let sum = 0;',
  '  for (const item of items) {',
  '    sum += item.price;',
  '  }',
  '  return sum;',
  '}',
  '',
  'function find(items, name) {',
  '  return items.filter(x => x.name === name);',
  '}',
  '',
  'module.exports = { total, find };',
];

/** The changed file, with the lines that a reviewer has something to say of marked at their ends. */
const after = [
  'function total(items) {',
  '  let sum = 0;',
  '  for (const item of items) {',
  '    sum += item.price;',
  '  }',
  '  console.log(sum); // <',
  '  return sum;',
  '}',
  '',
  'function find(items, name) {',
  '  console.log(name); // <',
  '  return items.filter(x => x.name === name);',
  '}',
  '',
  'module.exports = { total, find };',
];
const isMarked = (line: string) => line.endsWith(' // <');

/** Lines of `cart.js` with a mistake, from 1. */
export const wrongLines = after.flatMap((line, i) => (isMarked(line) ? [i + 1] : []));

/** A repository with a commit, changes of many kinds in its working tree, and a trained expert of reviews. */
export function reviewWorkspace(): string {
  const folder = temporaryFolder();
  const write = (path: string, text: string | Uint8Array) => writeFileSync(join(folder, path), text);
  const git = (...args: string[]) => execFileSync('git', args, { cwd: folder, stdio: 'pipe' });
  mkdirSync(join(folder, 'src'));
  write('src/cart.js', `${before.join('\n')}\n`);
  write('old name.js', 'function same(a) {\n  return a;\n}\n\nfunction other(a) {\n  return a + 1;\n}\n');
  write('logo.bin', Uint8Array.of(0, 1, 2));
  write('gone.js', 'gone();\n');
  write('.gitignore', 'review.lora.json\nadapter/\n.vscode/\nruns/\n');
  git('init', '--quiet', '--initial-branch=main');
  git('config', 'user.name', 'A Tester');
  git('config', 'user.email', 'tester@example.org');
  git('add', '.');
  git('commit', '--quiet', '-m', 'First');
  write('src/cart.js', `${after.map(line => line.replace(/ \/\/ <$/, '')).join('\n')}\n`);
  renameSync(join(folder, 'old name.js'), join(folder, 'new name.js'));
  git('add', '--all');
  write('logo.bin', Uint8Array.of(0, 1, 3));
  git('rm', '--quiet', 'gone.js');
  write('notes.md', 'Not code.\n');
  write('added.ts', 'function start(name: string) {\n  console.log(name);\n  return name;\n}\n');
  cpSync(adapter, join(folder, 'adapter'), { recursive: true });
  const expert = { description: 'Reviews changes.', domain: 'review', adapter: 'adapter' };
  write('review.lora.json', JSON.stringify({ name: 'review', experts: { review: expert } }));
  return folder;
}

/** Functions without mistakes, of so many lines. */
export function longFile(lines: number): string {
  const functions = Array.from({ length: lines / 5 }, (_, i) =>
    [
      `function add${i}(list, value) {`,
      `  const total = value + ${i};`,
      '  list.push(total);',
      '  return list;',
      '}',
    ].join('\n'),
  );
  return `${functions.join('\n')}\n`;
}
