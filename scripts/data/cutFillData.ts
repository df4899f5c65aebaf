/**
 * Cuts data of the form `fill` from the files of a repository: what is trained from the older files, what is held out from
 * the newer ones, so that nothing of a file is on both sides.
 *
 *   node --import tsx scripts/data/cutFillData.ts FOLDER OUT [TRAIN [HELDOUT [SEED [ENDINGS]]]]
 *
 * ENDINGS are those of names, such as ts,js. A file is as old as the commit that added it.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Random } from '../../src/nn/tensor/random.ts';
import { type CutGap, cutGaps } from './cutGaps.ts';

const [folder, out, train = '400', heldOut = '60', seed = '1', endings = 'ts,tsx,js,py'] = process.argv.slice(2);
if (!folder || !out) throw new Error('usage: cutFillData.ts FOLDER OUT [TRAIN [HELDOUT [SEED [ENDINGS]]]]');

/** Of the files, those that are held out. */
const newShare = 0.2;
const longestFile = 100_000;

const git = (...args: string[]) =>
  execFileSync('git', ['-C', folder, ...args], { encoding: 'utf8', maxBuffer: 2 ** 28 });
/** Files as they are now, the oldest first. */
function filesByAge(): string[] {
  const kept = new Set(git('ls-files', '-z').split('\0').filter(isCode));
  const added = git(
    'log',
    '--relative',
    '--diff-filter=A',
    '--no-renames',
    '--name-only',
    '--reverse',
    '--format=',
    '-z',
  );
  return [...new Set(added.split('\0').map(name => name.trim()))].filter(name => kept.has(name));
}

function isCode(name: string): boolean {
  return endings.split(',').some(ending => name.endsWith(`.${ending}`));
}

/** Gaps of all files in turn, as many of each as are needed. */
function cutAll(files: readonly string[], count: number, random: Random): CutGap[] {
  const each = Math.ceil(count / Math.max(1, files.length)) + 1;
  const gaps = files.flatMap(name => {
    const text = readFileSync(join(folder!, name), 'utf8').replaceAll('\r\n', '\n');
    return text.length > longestFile ? [] : cutGaps(text, each, random);
  });
  return random.shuffle(gaps).slice(0, count);
}

const files = filesByAge();
const border = Math.floor(files.length * (1 - newShare));
const random = new Random(Number(seed));
mkdirSync(out, { recursive: true });
for (const [name, some, count] of [
  ['train', files.slice(0, border), Number(train)],
  ['heldout', files.slice(border), Number(heldOut)],
] as const) {
  const gaps = cutAll(some, count, random);
  writeFileSync(join(out, `${name}.jsonl`), gaps.map(gap => `${JSON.stringify(gap)}\n`).join(''));
  console.log(`${name}: ${gaps.length} gaps from ${some.length} files`);
}
