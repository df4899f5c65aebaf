import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { chmod, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import {
  type FileContent,
  readJson,
  readText,
  storageError,
  writeFileAtomic,
  writeFolderAtomic,
} from '../../src/experiment/files.ts';
import { WorkbenchError } from '../../src/protocol/errors.ts';
import { temporaryFolder } from '../support/temporaryFolder.ts';

const folder = temporaryFolder();
const isStorage = (text: RegExp) => (e: unknown) =>
  e instanceof WorkbenchError && e.code === 'storage' && text.test(e.message);

/** Chunks of which the second cannot be had: a write that fails half-way. */
function* failing(): Iterable<Uint8Array> {
  yield new Uint8Array(1000);
  throw Object.assign(new Error('no space left'), { code: 'ENOSPC' });
}

test('a file is written whole, its folders with it, and replaces the old one', async () => {
  const path = join(folder, 'a', 'b', 'file.txt');
  await writeFileAtomic(path, 'one');
  await writeFileAtomic(path, [Buffer.from('t'), Buffer.from('wo')]);
  assert.equal(await readFile(path, 'utf8'), 'two');
  assert.deepEqual(await readdir(join(folder, 'a', 'b')), ['file.txt']);
});

test('a write that fails half-way leaves the old file and nothing else', async () => {
  const path = join(folder, 'half', 'state.bin');
  await writeFileAtomic(path, 'old');
  await assert.rejects(writeFileAtomic(path, failing()), isStorage(/state\.bin: the disk is full$/));
  assert.equal(await readFile(path, 'utf8'), 'old');
  assert.deepEqual(await readdir(join(folder, 'half')), ['state.bin']);
});

test('a folder that cannot be written whole leaves the old one; contents given as functions are made in turn', async () => {
  const path = join(folder, 'whole');
  const made: string[] = [];
  const content = (name: string) => async () => {
    made.push(`${name} after ${made.length}`);
    return name;
  };
  await writeFolderAtomic(
    path,
    new Map([
      ['one', content('one')],
      ['two', content('two')],
    ]),
  );
  assert.deepEqual(made, ['one after 0', 'two after 1']);
  const full = new Map<string, FileContent>([
    ['one', 'new'],
    ['two', failing()],
  ]);
  await assert.rejects(writeFolderAtomic(path, full), isStorage(/whole: the disk is full$/));
  assert.deepEqual(await Promise.all(['one', 'two'].map(n => readFile(join(path, n), 'utf8'))), ['one', 'two']);
  assert.deepEqual(
    (await readdir(folder)).filter(f => f.startsWith('whole')),
    ['whole'],
  );
});

test('a file where a folder should be, at any depth, is named', async () => {
  const file = join(folder, 'plain');
  await writeFile(file, 'x');
  for (const path of [join(file, 'child'), join(file, 'deeper', 'child')])
    await assert.rejects(writeFileAtomic(path, 'y'), isStorage(/a part of the path is a file, not a folder$/));
  for (const path of [file, join(file, 'child'), join(file, 'deeper', 'child')])
    await assert.rejects(
      writeFolderAtomic(path, new Map([['f', 'y']])),
      isStorage(/a part of the path is a file, not a folder$/),
    );
  assert.equal(await readFile(file, 'utf8'), 'x');
  assert.deepEqual(
    (await readdir(folder)).filter(f => f.endsWith('.tmp')),
    [],
  );
});

test('a folder where a file should be is named and kept', async () => {
  const path = join(folder, 'taken');
  await mkdir(path);
  await writeFile(join(path, 'inside'), 'x');
  await assert.rejects(writeFileAtomic(path, 'y'), isStorage(/taken: it is a folder, not a file$/));
  assert.deepEqual(await readdir(path), ['inside']);
  assert.deepEqual(
    (await readdir(folder)).filter(f => f.endsWith('.tmp')),
    [],
  );
});

test('a folder one may not write to is named and left as it was', {
  skip: process.platform === 'win32' && 'no modes',
}, async t => {
  const path = join(folder, 'locked', 'file');
  await writeFileAtomic(path, 'old');
  await chmod(join(folder, 'locked'), 0o500);
  t.after(() => chmod(join(folder, 'locked'), 0o700));
  if (process.getuid?.() === 0) return t.skip('root may write anywhere');
  await assert.rejects(writeFileAtomic(path, 'new'), isStorage(/permission denied$/));
  assert.equal(await readFile(path, 'utf8'), 'old');
});

test('a full disk is told as such by the system itself', {
  skip: !existsSync('/dev/full') && 'no /dev/full',
}, async () => {
  const error = await writeFile('/dev/full', 'x').catch(e => e);
  assert.ok(isStorage(/^out\.bin: the disk is full$/)(storageError(error, 'out.bin')));
});

test('what is not about storage passes through unchanged', () => {
  const error = new TypeError('x');
  assert.equal(storageError(error, 'p'), error);
});

test('a folder appears whole and replaces the old one, files of which are gone', async () => {
  const path = join(folder, 'runs', 'adapter');
  await writeFolderAtomic(
    path,
    new Map([
      ['a', '1'],
      ['b', '2'],
    ]),
  );
  await writeFolderAtomic(
    path,
    new Map<string, string | Uint8Array[]>([
      ['b', [Buffer.from('3')]],
      ['sub/c', '4'],
    ]),
  );
  assert.deepEqual((await readdir(path)).sort(), ['b', 'sub']);
  assert.equal(await readFile(join(path, 'b'), 'utf8'), '3');
  assert.equal(await readFile(join(path, 'sub', 'c'), 'utf8'), '4');
  assert.deepEqual(await readdir(join(folder, 'runs')), ['adapter']);
});

test('a folder of which one file fails leaves the old folder and nothing else', async () => {
  const path = join(folder, 'kept', 'adapter');
  await writeFolderAtomic(path, new Map([['a', '1']]));
  await assert.rejects(
    writeFolderAtomic(
      path,
      new Map<string, string | Iterable<Uint8Array>>([
        ['a', '2'],
        ['b', failing()],
      ]),
    ),
    isStorage(/the disk is full$/),
  );
  assert.deepEqual(await readdir(join(folder, 'kept')), ['adapter']);
  assert.equal(await readFile(join(path, 'a'), 'utf8'), '1');
});

test('reading says what was wanted, and where JSON breaks', async () => {
  await assert.rejects(
    readText(join(folder, 'nothing'), 'the recipe'),
    (e: WorkbenchError) => e.code === 'notFound' && e.message === `the recipe is not there: ${join(folder, 'nothing')}`,
  );
  await writeFile(join(folder, 'bad.json'), '{"a":');
  await assert.rejects(
    readJson(join(folder, 'bad.json'), 'x'),
    (e: WorkbenchError) => e.code === 'badFile' && /bad\.json: not JSON/.test(e.message),
  );
  await writeFile(join(folder, 'marked.json'), '\uFEFF{"a":1}');
  assert.deepEqual(await readJson(join(folder, 'marked.json'), 'x'), { a: 1 });
  await writeFile(join(folder, 'wide.json'), Buffer.from('\uFEFF{"a":1}', 'utf16le'));
  await assert.rejects(
    readJson(join(folder, 'wide.json'), 'x'),
    (e: WorkbenchError) => e.code === 'badFile' && e.hint === 'Save it as UTF-8.' && !e.message.includes('\0'),
  );
  await assert.rejects(readText(folder, 'x'), isStorage(/it is a folder, not a file/));
});
