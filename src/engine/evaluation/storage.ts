import { execFile } from 'node:child_process';
import { mkdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { readAdapter } from '../../experiment/adapterFiles.ts';
import type { Base } from '../../experiment/base.ts';
import { sizeOf } from '../../experiment/files.ts';
import { writeMergedBase } from '../../experiment/mergedBase.ts';
import { removeStaleFiles, temporaryNames } from '../../experiment/removeStaleFiles.ts';
import type { ReportStorage } from '../../protocol/report.ts';
import { childProgram } from '../childProgram.ts';
import type { MemoryProbe } from './memoryProbe.ts';

/**
 * One base with all adapters, against a full copy of the base for each expert: bytes on disk, and the peak resident
 * memory of a fresh process that loads them all and answers with each. The copies are made for real and removed again.
 * Neither side is quantised: what is compared is adapters with copies, not number formats.
 */
export async function measureStorage(
  base: Base,
  adapterFolders: string[],
  prompt: string,
  threads: number,
  signal: AbortSignal,
): Promise<ReportStorage> {
  const place = join(tmpdir(), 'multi-lora-copies');
  // Copies of a whole base, of a process that was killed before it removed them.
  await removeStaleFiles(tmpdir());
  const copies = temporaryNames(place).temporary;
  await mkdir(copies, { mode: 0o700 });
  try {
    const folders: string[] = [];
    for (const [i, folder] of adapterFolders.entries()) {
      folders.push(join(copies, String(i)));
      await writeMergedBase(base, [{ adapter: await readAdapter(folder), weight: 1 }], folders[i]!);
    }
    const sum = async (paths: string[]) => (await Promise.all(paths.map(sizeOf))).reduce((a, b) => a + b, 0);
    const resident = (models: MemoryProbe['models']) => probe({ models, prompt, threads }, signal);
    return {
      adaptersBytes: await sum(adapterFolders),
      baseBytes: await sum([base.folder]),
      fullCopiesBytes: await sum(folders),
      adaptersResident: await resident([{ folder: base.folder, adapters: adapterFolders }]),
      fullCopiesResident: await resident(folders.map(folder => ({ folder, adapters: [] }))),
    };
  } finally {
    await rm(copies, { recursive: true, force: true });
  }
}

/** Peak resident bytes of a fresh process; memory of this one would count what evaluation itself holds. */
async function probe(request: MemoryProbe, signal: AbortSignal): Promise<number> {
  const { path, execArgv } = childProgram('memoryProbe', import.meta.url);
  const args = [...execArgv, path, JSON.stringify(request)];
  const { stdout } = await promisify(execFile)(process.execPath, args, { signal, killSignal: 'SIGKILL' });
  return Number(stdout);
}
