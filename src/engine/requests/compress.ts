import { basename, join, resolve } from 'node:path';
import { readAdapter, readOrigin, writeAdapter } from '../../experiment/adapterFiles.ts';
import { checkOutputFolder, resultMark } from '../../experiment/checkOutput.ts';
import { expertOrMergeFolder, openExperiment } from '../../experiment/experiment.ts';
import type { Adapter } from '../../nn/lora/adapter.ts';
import { originMetadata } from '../../nn/lora/adapterOrigin.ts';
import { compressed, errorCurve, spectraOf } from '../../nn/merge/compress.ts';
import { mergeError } from '../../nn/merge/mergeError.ts';
import type { CompressRequest } from '../../protocol/engine/merging.ts';
import { WorkbenchError } from '../../protocol/errors.ts';
import type { RequestHandler } from '../workbench/request.ts';
import type { Workbench } from '../workbench/workbench.ts';
import { checkOwnPlace } from './merge.ts';

/** Writes the best approximation of an adapter by fewer ranks, and says what each rank would lose. */
export const handle: RequestHandler<'compress'> = async (workbench, request) => {
  const { rank, energy } = request;
  const isCut = rank !== undefined || energy !== undefined;
  if (isCut && request.out === undefined)
    throw new WorkbenchError('badRequest', 'a compressed adapter needs a folder to write to', 'Add --out DIR.');
  const out = request.out === undefined ? undefined : resolve(request.out);
  const { folder, name, base } = await sourceOf(workbench, request, out);
  const adapter = await readAdapter(folder, name, workbench.tell);
  const spectra = spectraOf(adapter);
  const told = { before: sizeOf(adapter), curve: errorCurve(spectra) };
  if (!isCut || out === undefined) return told;
  const result = compressed(adapter, spectra, { rank, energy });
  const check = () => checkOutputFolder(out, 'adapter', { folder: base }, [folder]);
  await check();
  await writeAdapter(out, result, { ...resultMark, ...originMetadata(await readOrigin(folder)) }, check);
  const { total } = mergeError(result, [{ adapter, weight: 1 }]);
  return { ...told, path: out, after: sizeOf(result), relativeError: total };
};

/** Where the adapter lies, and the base that must not be written over. */
async function sourceOf(workbench: Workbench, { adapter, recipe, name }: CompressRequest, out?: string) {
  if (recipe === undefined) {
    if (adapter === undefined) throw new WorkbenchError('badRequest', 'which adapter?', 'Name its folder.');
    const folder = resolve(adapter);
    return { folder, name: basename(folder), base: join(workbench.mediaFolder, 'base') };
  }
  const e = await openExperiment(recipe, workbench.mediaFolder);
  if (name === undefined) throw new WorkbenchError('badRequest', 'which expert or merge of the recipe?');
  if (out !== undefined) checkOwnPlace(e, out);
  return { folder: expertOrMergeFolder(e, name), name, base: e.baseFolder };
}

function sizeOf({ config, modules }: Adapter): { rank: number; parameters: number } {
  const parameters = [...modules.values()].reduce((sum, { A, B }) => sum + A.data.length + B.data.length, 0);
  return { rank: config.rank, parameters };
}
