import type { Base } from '../../experiment/base.ts';
import type { WorkWatch } from '../../experiment/workWatch.ts';
import { baseParameters } from '../../nn/model/layout.ts';
import type { Device } from '../../protocol/device.ts';
import { WorkbenchError } from '../../protocol/errors.ts';
import type { Recipe } from '../../recipe/schema.ts';
import { int8Support } from '../runtime/int8Support.ts';
import { openBase } from '../runtime/quantizedBase.ts';
import { areOnOneDrive } from '../runtime/tensorCopy.ts';
import { withInt8Codes } from '../training/int8Base.ts';

export interface AnsweringOptions extends WorkWatch {
  /** What answers are computed on. */
  device: Device;
  cacheFolder: string;
  threads: number;
  /** Says something to the user, once. */
  tell(note: string): void;
}

/** A smaller base answers at once in F32 too, and is not worth the copy. */
const leastParameters = 3e7;

/**
 * A base as answers are computed with it. For `auto` that is in 8 bits where it pays, with the codes that trainings use, which are
 * made at the first use.
 */
export async function openAnsweringBase(
  folder: string,
  quantization: Recipe['quantization'],
  { device, cacheFolder, threads, tell, ...watch }: AnsweringOptions,
): Promise<Base> {
  const base = await openBase(folder, quantization, cacheFolder, watch);
  if (quantization !== 'auto' || !(await paysInInt8(base, { device, cacheFolder, threads }))) return base;
  try {
    return { ...(await withInt8Codes(base, { ...watch, cacheFolder, threads })), answersInInt8: true };
  } catch (error) {
    if (!(error instanceof WorkbenchError && error.code === 'storage')) throw error;
    // Nobody asked for the copy: without room for it answers come more slowly.
    tell(`Answers are computed in F32, which is slower: ${error.message}`);
    return base;
  }
}

/** Whether answers of a base that may be held in any way are computed in 8 bits. */
export async function paysInInt8(
  base: Pick<Base, 'config' | 'tensors' | 'folder'>,
  { device, cacheFolder, threads }: Pick<AnsweringOptions, 'device' | 'cacheFolder' | 'threads'>,
): Promise<boolean> {
  if (device !== 'cpu' || baseParameters(base) < leastParameters || !areOnOneDrive(base.folder, cacheFolder))
    return false;
  return (await int8Support(threads)).isFast;
}
