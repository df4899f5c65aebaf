import { createHash } from 'node:crypto';
import { mkdir, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { adapterStamp, hashAdapter, readAdapter, writeAdapter } from '../../experiment/adapterFiles.ts';
import { readBaseConfig } from '../../experiment/base.ts';
import { resultMark } from '../../experiment/checkOutput.ts';
import { checkNoLinks } from '../../experiment/checkResults.ts';
import { type Experiment, expertOrMergeFolder } from '../../experiment/experiment.ts';
import { isThere, writeFileAtomic } from '../../experiment/files.ts';
import { adapterPaths } from '../../experiment/paths.ts';
import { type Adapter, beyondFactors } from '../../nn/lora/adapter.ts';
import { adapterToGguf } from '../../nn/lora/adapterToGguf.ts';
import { mergeAdapters } from '../../nn/merge/merge.ts';
import { WorkbenchError } from '../../protocol/errors.ts';
import type { Weights } from '../../protocol/target.ts';

/*
 * What other engines load lies in the folder `elsewhere` of the output folder, under names that say what is in it: an
 * engine that has a name has these very factors, and one that reads a file again later finds what it had read.
 */

/** Blends that are kept on disk; an older one is made anew where it is asked for again. */
const keptBlends = 16;

const digits = 12;
const blendName = new RegExp(`^blend-[0-9a-f]{${digits}}$`);

/** Whether a name is that of a blend which was made here to be asked. */
export function isBlendName(name: string): boolean {
  return blendName.test(name);
}

/** Whether a name is that of an expert, as it is now or as it was. */
export function isVersionOf(name: string, expert: string): boolean {
  return name.startsWith(`${expert}-`) && new RegExp(`^-[0-9a-f]{${digits}}$`).test(name.slice(expert.length));
}

/** Hashes of adapters by their folders, with what their files were then. */
const known = new Map<string, { stamp: string; hash: string }>();

/** The name of an expert or merge with its factors of now. */
export async function placedName(e: Experiment, expert: string): Promise<string> {
  const folder = expertOrMergeFolder(e, expert);
  const stamp = (await adapterStamp(folder)) ?? '';
  const kept = known.get(folder);
  const hash = kept?.stamp === stamp ? kept.hash : await hashAdapter(folder);
  known.set(folder, { stamp, hash });
  return `${expert}-${hash.slice(0, digits)}`;
}

const underWay = new Map<string, Promise<void>>();

/** Writes what is not there yet, once, however many ask for it at once. */
function placeOnce(place: string, isWritten: () => Promise<boolean>, write: () => Promise<void>): Promise<void> {
  const work = underWay.get(place) ?? writeOnce().finally(() => underWay.delete(place));
  underWay.set(place, work);
  return work;

  async function writeOnce(): Promise<void> {
    if (await isWritten()) return;
    await write().catch(async error => {
      // Another process may have written the same meanwhile.
      if (!(await isWritten())) throw error;
    });
  }
}

/**
 * One adapter in PEFT's form that stands for these weights, none of which is 0: an expert as it is, or the exact sum of a
 * blend. Its scaling is 1 and has no exceptions, which not every engine reads. Written where it is not there yet.
 */
export async function placePeft(e: Experiment, weights: Weights): Promise<{ name: string; folder: string }> {
  const names = await Promise.all(
    Object.entries(weights).map(async ([expert, weight]) => ({
      expert,
      weight,
      placed: await placedName(e, expert),
    })),
  );
  const [only, ...others] = names;
  const content = JSON.stringify(names.map(({ placed, weight }) => [placed, weight]).sort());
  const name =
    only && others.length === 0 && only.weight === 1
      ? only.placed
      : `blend-${createHash('sha256').update(content).digest('hex').slice(0, digits)}`;
  const folder = join(e.paths.elsewhere, name);
  const isWritten = () => isThere(adapterPaths(folder).config);
  await placeOnce(folder, isWritten, async () => {
    const parts = await Promise.all(
      names.map(async ({ expert, weight }) => ({ adapter: await plainAdapter(e, expert), weight })),
    );
    const { adapter } = mergeAdapters(parts, { method: 'cat', name });
    await openFolder(e);
    if (isBlendName(name)) await forgetBlends(e.paths.elsewhere);
    await writeAdapter(folder, adapter, resultMark);
  });
  return { name, folder };
}

/** An expert or merge as the file that llama-server is started with. Written where it is not there yet. */
export async function placeGguf(e: Experiment, expert: string): Promise<{ name: string; file: string }> {
  const name = await placedName(e, expert);
  const file = join(e.paths.elsewhere, `${name}.gguf`);
  await placeOnce(
    file,
    () => isThere(file),
    async () => {
      const { config } = await readBaseConfig(e.baseFolder);
      const chunks = adapterToGguf(await plainAdapter(e, expert), config);
      await openFolder(e);
      await writeFileAtomic(file, chunks);
    },
  );
  return { name, file };
}

async function plainAdapter(e: Experiment, expert: string): Promise<Adapter> {
  const adapter = await readAdapter(expertOrMergeFolder(e, expert), expert);
  const more = beyondFactors(adapter);
  if (!more) return adapter;
  throw new WorkbenchError(
    'unsupported',
    `'${expert}' ${more}, which engines elsewhere do not run beside a base`,
    'Let this machine answer for it ("answering": "local"), or export it merged into its base.',
  );
}

async function openFolder({ paths }: Experiment): Promise<void> {
  await checkNoLinks([...paths.parts, paths.elsewhere]);
  await mkdir(paths.elsewhere, { recursive: true });
}

/** Makes room for one more. */
async function forgetBlends(folder: string): Promise<void> {
  const names = (await readdir(folder)).filter(isBlendName);
  const times = await Promise.all(names.map(async name => ({ name, time: (await stat(join(folder, name))).mtimeMs })));
  const old = times.sort((a, b) => b.time - a.time).slice(keptBlends - 1);
  for (const { name } of old) await rm(join(folder, name), { recursive: true, force: true });
}
