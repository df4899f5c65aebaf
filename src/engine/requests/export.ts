import { basename, resolve } from 'node:path';
import { readAdapter, readOrigin, writeAdapter } from '../../experiment/adapterFiles.ts';
import { loadBase } from '../../experiment/base.ts';
import { checkOutputFile, checkOutputFolder, modelfileMark, resultMark } from '../../experiment/checkOutput.ts';
import { expertOrMergeFolder, openExperiment } from '../../experiment/experiment.ts';
import { sizeOf, writeFileAtomic } from '../../experiment/files.ts';
import { writeGgufModel } from '../../experiment/ggufModel.ts';
import { writeMergedBase } from '../../experiment/mergedBase.ts';
import { checkFitsBase } from '../../nn/lora/adapter.ts';
import { originMetadata } from '../../nn/lora/adapterOrigin.ts';
import { adapterToGguf } from '../../nn/lora/adapterToGguf.ts';
import { ollamaModelfile } from '../../nn/tokenizer/ollamaModelfile.ts';
import { type RequestHandler, watchFor } from '../workbench/request.ts';

/** Writes an expert or a merge for use elsewhere: an adapter for PEFT or llama.cpp, or a full model for either. */
export const handle: RequestHandler<'export'> = async (workbench, { recipe, expert, format, type, out }, call) => {
  const e = await openExperiment(recipe, workbench.mediaFolder);
  const source = expertOrMergeFolder(e, expert);
  const adapter = await readAdapter(source, expert, workbench.tell);
  const path = resolve(out);
  const base = await loadBase(e.baseFolder, { cacheFolder: workbench.cacheFolder, ...watchFor(call) });
  const modelfile = `${path.replace(/\.gguf$/i, '')}.Modelfile`;
  const check = async () => {
    if (format === 'peft' || format === 'merged')
      return checkOutputFolder(path, format === 'peft' ? 'adapter' : 'model', base, [source]);
    await checkOutputFile(path, 'gguf');
    if (format === 'merged-gguf') await checkOutputFile(modelfile, 'modelfile');
  };
  await check();
  if (format === 'merged' || format === 'merged-gguf') checkFitsBase(adapter, base.config);
  const weighted = [{ adapter, weight: 1 }];
  if (format === 'peft')
    await writeAdapter(path, adapter, { ...resultMark, ...originMetadata(await readOrigin(source)) }, check);
  else if (format === 'gguf') await writeFileAtomic(path, adapterToGguf(adapter, base.config));
  else if (format === 'merged') await writeMergedBase(base, weighted, path, { check });
  else {
    const name = `${e.name} ${expert}`;
    await writeGgufModel(base, weighted, path, { name, type: type ?? 'F16', ...watchFor(call, 'writing the model') });
    const { tokenizer, chatTemplate, stopIds } = base.text();
    const text = ollamaModelfile(basename(path), tokenizer, chatTemplate, stopIds);
    await writeFileAtomic(modelfile, `${modelfileMark}\n${text}`);
    return { path, bytes: await sizeOf(path), modelfile };
  }
  return { path, bytes: await sizeOf(path) };
};
