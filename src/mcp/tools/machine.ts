import * as z from 'zod';
import { cachedDatasets } from '../../experiment/hubDatasets.ts';
import { knownModels, memoryNeeded } from '../../hub/knownModels.ts';
import { bytes } from '../../text/numbers.ts';
import { defineTool, reads } from '../tool.ts';

export const listModels = defineTool({
  name: 'list_models',
  title: 'List bases and data',
  description:
    'Bases that a recipe can name: those in the Hugging Face cache, those that Ollama, LM Studio and llama.cpp keep on this machine, small ones that are known to work and can be downloaded, and the datasets in the cache. Nothing is downloaded.',
  input: z.strictObject({}),
  annotations: reads,

  async run(_, { engine, signal }) {
    const { cacheFolder, models, unusable, local } = await engine.request('listModels', {}, { signal });
    const datasets = await cachedDatasets();
    const known = knownModels.map(model => ({
      ...model,
      memoryBytes: memoryNeeded(model.parameters),
      isCached: models.some(m => m.repo === model.repo),
    }));
    const usable = local.filter(m => m.reason === undefined);
    return {
      text: [
        'embedded: ships with the workbench',
        ...models.map(m => `${m.repo}: in ${cacheFolder}, ${m.architecture}, ${bytes(m.memoryBytes)} of memory`),
        ...usable.map(m => `${m.base}: of ${m.owner}, ${bytes(m.bytes)}`),
        ...known
          .filter(m => !m.isCached)
          .map(
            m =>
              `${m.repo}: to be downloaded with multi-lora get ${m.repo}, ${bytes(m.downloadBytes)}, ${bytes(m.memoryBytes)} of memory`,
          ),
        ...datasets.map(d => `data ${d.name}: ${bytes(d.bytes)}`),
      ].join('\n'),
      data: { embedded: 'embedded', cacheFolder, models, local, unusable, known, datasets },
    };
  },
});

export const doctor = defineTool({
  name: 'doctor',
  title: 'Look at this machine',
  description: 'Devices, memory, threads and versions, and what is missing or wrong, with what to do about it.',
  input: z.strictObject({}),
  annotations: reads,

  async run(_, { engine, signal }) {
    const found = await engine.request('doctor', {}, { signal });
    return {
      text: [
        `${found.platform}, ${found.cpu}, ${found.cores} cores, ${found.threads} threads; ${bytes(found.freeMemoryBytes)} free of ${bytes(found.memoryBytes)}`,
        `computes on ${found.device.used}: ${found.device.reason}`,
        ...(found.problems.length > 0 ? found.problems.map(p => `problem: ${p}`) : ['nothing is missing']),
      ].join('\n'),
      data: { ...found },
    };
  },
});
