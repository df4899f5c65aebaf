import { join } from 'node:path';
import { plannedCopies, plannedTensors } from '../nn/memory/plannedTensors.ts';
import { parseBaseConfig } from '../nn/model/config.ts';
import type { DType } from '../nn/tensor/dtype.ts';
import { WorkbenchError } from '../protocol/errors.ts';
import type { Recipe } from '../recipe/schema.ts';
import { type Base, loadBase, readBaseText, readBaseWeights } from './base.ts';
import { readJson } from './files.ts';

/** A base to plan with: its weights may be missing, and the quantised copy is not made. */
export interface PlanBase {
  base: Base;
  /** What was assumed, in sentences. */
  notes: string[];
}

const dtypes: Record<string, DType> = { float32: 'F32', float16: 'F16', bfloat16: 'BF16' };

/** Reads what is there of a base; config.json has to be. Throws `notFound`, `badFile` or `unsupported`. */
export async function openPlanBase(
  folder: string,
  quantization: Recipe['quantization'],
  embeddedFolder: string,
): Promise<PlanBase> {
  const notes: string[] = [];
  const weights = await readBaseWeights(folder).catch(async error => {
    if (!(error instanceof WorkbenchError && error.code === 'notFound')) throw error;
    const path = join(folder, 'config.json');
    const configJson = (await readJson(path, "the base's config.json")) as Record<string, unknown>;
    const config = parseBaseConfig(configJson, path);
    const dtype = dtypes[String(configJson.dtype ?? configJson.torch_dtype)] ?? 'BF16';
    notes.push(`The base's weights are not there: planned as ${dtype} from config.json.`);
    return { folder, config, configJson, tensors: plannedTensors(config, dtype), weightFiles: [] };
  });
  const own = await readBaseText(folder);
  if (!own) notes.push("The base has no tokenizer.json: tokens are counted with the embedded base's.");
  const text = own ? () => own : (await loadBase(embeddedFolder)).text;
  const plain = { ...weights, text };
  if (quantization === 'none') return { base: plain, notes };
  return { base: { ...plain, quantization, tensors: plannedCopies(plain.config, plain.tensors, quantization) }, notes };
}
