import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';

/**
 * Writes a folder anew, and is killed just before the file system is to give something its name for the n-th time.
 * Arguments: the folder and n.
 */
const [folder, count] = process.argv.slice(2) as [string, string];
const { rename } = fs.promises;
let left = Number(count);
fs.promises.rename = async (from, to) => {
  if (--left === 0) {
    process.kill(process.pid, 'SIGKILL');
    await new Promise(() => {});
  }
  await rename(from, to);
};
syncBuiltinESMExports();
const { writeFolderAtomic } = await import('../../src/experiment/files.ts');
await writeFolderAtomic(
  folder,
  new Map([
    ['one', 'new'],
    ['two', 'new'],
  ]),
);
