import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { loadBase } from '../../src/experiment/base.ts';
import { writeGgufModel } from '../../src/experiment/ggufModel.ts';
import type { BenchBase } from '../bases.ts';
import { cacheFolder } from '../cacheFolder.ts';

/** A base as a GGUF file: in F32 the numbers that the engine computes with, in Q8_0 its 8-bit codes with scales in F16. Made once and kept. */
export async function writeGguf({ name, folder }: BenchBase, type: 'F32' | 'Q8_0'): Promise<string> {
  const path = join(cacheFolder('gguf'), `${name}-${type.toLowerCase()}-2.gguf`);
  if (!existsSync(path)) await writeGgufModel(await loadBase(folder), [], path, { name, type });
  return path;
}
