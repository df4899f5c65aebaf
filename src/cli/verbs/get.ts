import { cachedDatasets } from '../../experiment/hubDatasets.ts';
import { knownModels, memoryNeeded } from '../../hub/knownModels.ts';
import type { EngineParams } from '../../protocol/engine/engineApi.ts';
import type { DownloadProgress } from '../../protocol/engine/models.ts';
import { WorkbenchError } from '../../protocol/errors.ts';
import { bytes } from '../../text/numbers.ts';
import { duration, megabytes } from '../console/format.ts';
import { columns } from '../console/help.ts';
import type { Verb, VerbCall } from '../console/verb.ts';

export const getVerb: Verb = {
  name: 'get',
  summary:
    'Downloads a base model or data into the Hugging Face cache; without a name lists what is there, models of Ollama and others too.',
  usage: [
    'OWNER/NAME [--revision R] [--endpoint URL]',
    '--dataset OWNER/NAME[:CONFIG[:SPLIT]] [--endpoint URL]',
    '--dataset OWNER/NAME --list [--endpoint URL]',
    '',
  ],
  options: {
    dataset: { value: 'NAME', description: 'a split of a dataset, as recipes name it (default: the split train)' },
    list: { description: 'lists what there is of a dataset, and downloads nothing' },
    revision: { value: 'R', description: 'branch, tag or commit (default: main)' },
    endpoint: { value: 'URL', description: 'a mirror of the hub (default: HF_ENDPOINT, else https://huggingface.co)' },
  },
  positionals: [0, 1],
  examples: [
    'HuggingFaceTB/SmolLM2-135M-Instruct',
    'Qwen/Qwen2.5-0.5B-Instruct --json',
    '--dataset openai/gsm8k --list',
    '--dataset openai/gsm8k:main:train',
    '   # small models that are known to work, those in the cache, and those of other programs',
  ],

  async run(call) {
    const { args, terminal, json, signal, engine } = call;
    const repo = args.positionals[0];
    const dataset = args.text('dataset');
    if (repo !== undefined && dataset !== undefined)
      throw new WorkbenchError(
        'badRequest',
        'a model and a dataset are fetched one after the other',
        'Name one of them.',
      );
    if (dataset === undefined && args.flag('list'))
      throw new WorkbenchError('badRequest', '--list is of a dataset', 'Name one: --dataset OWNER/NAME --list.');
    if (repo === undefined && dataset === undefined) return listModels(call);
    // Handed on for this request alone: arguments can be read by everyone on the machine, so it is not an option.
    const from = { endpoint: args.text('endpoint'), token: process.env.HF_TOKEN };
    if (dataset !== undefined && args.flag('list'))
      return listSplits(call, { dataset: atRevision(dataset, args.text('revision')), ...from });
    const onProgress = (told: DownloadProgress) => {
      if (!json) terminal.progress(progressLine(told));
    };
    const got = await unlessStopped(signal, async () => {
      if (dataset !== undefined) {
        const result = await engine.request(
          'downloadDataset',
          { dataset: atRevision(dataset, args.text('revision')), ...from },
          { onProgress },
        );
        return { result, paths: result.files, use: `"train": "${result.dataset}"` };
      }
      const result = await engine.request(
        'download',
        { repo: repo!, revision: args.text('revision'), ...from },
        { onProgress },
      );
      return { result, paths: [result.folder], use: `"base": "${result.repo}"` };
    });
    if (!got) {
      terminal.note('stopped; what has arrived is kept, and the same command goes on from there');
      return 130;
    }
    const { result, paths, use } = got;
    if (json) terminal.printJson(result);
    else {
      for (const path of paths) terminal.print(path);
      const fetched = `${megabytes(result.fetchedBytes)} fetched; in a recipe: ${use}`;
      terminal.note(result.fetchedBytes === 0 ? 'it was there already' : fetched);
    }
    return 0;
  },
};

/** The name of a dataset with the revision of an option. */
function atRevision(dataset: string, revision: string | undefined): string {
  return revision === undefined ? dataset : `${dataset}@${revision}`;
}

/** Undefined when it was stopped. */
async function unlessStopped<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work();
  } catch (error) {
    if (signal.aborted) return undefined;
    throw error;
  }
}

function progressLine(p: DownloadProgress): string {
  const parts = [p.file, `${megabytes(p.done)} of ${megabytes(p.total)}`];
  if (p.bytesPerSecond > 0) parts.push(`${megabytes(p.bytesPerSecond)}/s`);
  if (p.secondsLeft !== undefined) parts.push(`${duration(p.secondsLeft)} left`);
  return parts.join('  ·  ');
}

async function listSplits({ engine, terminal, json }: VerbCall, of: EngineParams<'datasetSplits'>): Promise<0> {
  const { splits } = await engine.request('datasetSplits', of);
  if (json) terminal.printJson({ splits });
  else for (const line of columns(splits.map(s => [s.dataset, bytes(s.bytes)] as const))) terminal.print(line);
  return 0;
}

async function listModels({ engine, terminal, json }: VerbCall): Promise<0> {
  const { cacheFolder, models, unusable, local } = await engine.request('listModels', {});
  const datasets = await cachedDatasets();
  const { freeMemoryBytes } = await engine.request('doctor', {});
  const known = knownModels.map(model => {
    const memoryBytes = memoryNeeded(model.parameters);
    const cached = models.some(m => m.repo === model.repo);
    return { ...model, memoryBytes, cached, fits: memoryBytes <= freeMemoryBytes };
  });
  if (json) {
    terminal.printJson({ cacheFolder, models, unusable, local, datasets, known, freeMemoryBytes });
    return 0;
  }
  terminal.print(`small models known to work (${megabytes(freeMemoryBytes)} of memory are free):`);
  const rows = known.map(({ repo, downloadBytes, memoryBytes, cached, fits }) => {
    const size = cached ? 'in the cache' : `${megabytes(downloadBytes)} to download`;
    return [repo, `${size}, ${megabytes(memoryBytes)} of memory${fits ? '' : ': more than is free'}`] as const;
  });
  for (const line of columns(rows)) terminal.print(line);
  terminal.print(models.length === 0 ? `nothing in ${cacheFolder}` : `in ${cacheFolder}:`);
  const cachedRows = models.map(model => [nameOf(model), megabytes(model.bytes)] as const);
  if (models.length > 0) for (const line of columns(cachedRows)) terminal.print(line);
  const dataRows = datasets.map(data => [data.name, bytes(data.bytes)] as const);
  if (dataRows.length > 0) terminal.print('data in it, as a recipe names it:');
  if (dataRows.length > 0) for (const line of columns(dataRows)) terminal.print(line);
  const localRows = local
    .filter(model => model.reason === undefined)
    .map(({ base, owner, bytes }) => [base, `${owner}, ${megabytes(bytes)}`] as const);
  if (localRows.length > 0) terminal.print('of other programs on this machine, as a recipe names them:');
  if (localRows.length > 0) for (const line of columns(localRows)) terminal.print(line);
  const unusableRows = [
    ...unusable.map(model => [nameOf(model), model.reason] as const),
    ...local.flatMap(({ base, reason }) => (reason === undefined ? [] : [[base, reason] as const])),
  ];
  if (unusableRows.length > 0) terminal.print('there, and not to be used as a base:');
  if (unusableRows.length > 0) for (const line of columns(unusableRows)) terminal.print(line);
  return 0;
}

/** As recipes name a model of the cache; `main` goes without saying. */
function nameOf({ repo, revisions, commit }: { repo: string; revisions: string[]; commit: string }): string {
  const revision = revisions.join(', ') || commit;
  return revision === 'main' ? repo : `${repo}@${revision}`;
}
