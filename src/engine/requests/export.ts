import { resolve } from 'node:path';
import { readAdapter, readOrigin, writeAdapter } from '../../experiment/adapterFiles.ts';
import { loadBase } from '../../experiment/base.ts';
import { checkOutputFile, checkOutputFolder, resultMark } from '../../experiment/checkOutput.ts';
import { adapterFolder, openExperiment } from '../../experiment/experiment.ts';
import { sizeOf, writeFileAtomic } from '../../experiment/files.ts';
import { writeMergedBase } from '../../experiment/mergedBase.ts';
import { checkFitsBase } from '../../nn/lora/adapter.ts';
import { originMetadata } from '../../nn/lora/adapterOrigin.ts';
import { adapterToGguf } from '../../nn/lora/adapterToGguf.ts';
import { architectures } from '../../nn/model/architectures.ts';
import { baseTensors, linearLayers } from '../../nn/model/layout.ts';
import { WorkbenchError } from '../../protocol/errors.ts';
import type { RequestHandler } from '../workbench/request.ts';

/** Writes an expert for use elsewhere: a PEFT folder, a GGUF adapter for llama.cpp, or a full model. */
export const handle: RequestHandler<'export'> = async (workbench, { recipe, expert, format, out }) => {
  const e = await openExperiment(recipe, workbench.mediaFolder);
  if (!Object.hasOwn(e.recipe.experts, expert))
    throw new WorkbenchError(
      'notFound',
      `no expert is called '${expert}'`,
      `There are: ${Object.keys(e.recipe.experts).join(', ') || 'none'}.`,
    );
  const source = adapterFolder(e, expert);
  const adapter = await readAdapter(source, expert, workbench.tell);
  const path = resolve(out);
  const base = await loadBase(e.baseFolder);
  const check = () =>
    format === 'gguf'
      ? checkOutputFile(path, format)
      : checkOutputFolder(path, format === 'peft' ? 'adapter' : 'model', base, [source]);
  await check();
  if (format === 'peft')
    await writeAdapter(path, adapter, { ...resultMark, ...originMetadata(await readOrigin(source)) }, check);
  else if (format === 'merged') {
    checkFitsBase(adapter, new Map(linearLayers(base.config).map(l => [l.path, l])), baseTensors(base.config));
    await writeMergedBase(base, [{ adapter, weight: 1 }], path, { check });
  } else {
    const { architecture, heads, kvHeads } = base.config;
    const { ggufName } = architectures[architecture];
    await writeFileAtomic(path, adapterToGguf(adapter, { architecture: ggufName, heads, kvHeads }));
  }
  return { path, bytes: await sizeOf(path) };
};
