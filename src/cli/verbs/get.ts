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
    'OWNER/NAME:QUANTISATION | OWNER/NAME FILE.gguf [--revision R] [--endpoint URL]',
    '--dataset OWNER/NAME[:CONFIG[:SPLIT]] [--revision R] [--endpoint URL]',
    'OWNER/NAME | --dataset OWNER/NAME --list',
    '',
  ],
  options: {
    dataset: { value: 'NAME', description: 'a split of a dataset, as recipes name it (default: the split train)' },
    list: { description: 'lists the models in GGUF of a repository, or the splits of a dataset; downloads nothing' },
    revision: { value: 'R', description: 'branch, tag or commit (default: main)' },
    endpoint: { value: 'URL', description: 'a mirror of the hub (default: HF_ENDPOINT, else https://huggingface.co)' },
  },
  positionals: [0, 2],
  examples: [
    'HuggingFaceTB/SmolLM2-135M-Instruct',
    'Qwen/Qwen2.5-0.5B-Instruct --json',
    'Qwen/Qwen2.5-0.5B-Instruct-GGUF:Q4_K_M',
    '--dataset openai/gsm8k --list',
    '--dataset openai/gsm8k:main:train',
    '   # small models that are known to work, those in the cache, and those of other programs',
  ],

  async run(call) {
    const { args, terminal, json, signal, engine } = call;
    const [repo, file] = args.positionals;
    const dataset = args.text('dataset');
    if (repo !== undefined && dataset !== undefined)
      throw new WorkbenchError(
        'badRequest',
        'a model and a dataset are fetched one after the other',
        'Name one of them.',
      );
    const isListed = args.flag('list');
    if (repo === undefined && dataset === undefined && isListed)
      throw new WorkbenchError('badRequest', '--list is of a repository', 'Name it, as OWNER/NAME.');
    if (repo === undefined && dataset === undefined) return listModels(call);
    // Handed on for this request alone: arguments can be read by everyone on the machine, so it is not an option.
    const from = { endpoint: args.text('endpoint'), token: process.env.HF_TOKEN };
    const revision = args.text('revision');
    if (dataset !== undefined && isListed) return listSplits(call, { dataset: atRevision(dataset, revision), ...from });
    if (isListed) return listFiles(call, { repo: repo!, revision, ...from });
    const onProgress = (told: DownloadProgress) => {
      if (!json) terminal.progress(progressLine(told));
    };
    const got = await unlessStopped(signal, async () => {
      if (dataset !== undefined) {
        const result = await engine.request(
          'downloadDataset',
          { dataset: atRevision(dataset, revision), ...from },
          { onProgress },
        );
        return { result, paths: result.files, use: `"train": "${result.dataset}"` };
      }
      const result = await engine.request('download', { repo: repo!, file, revision, ...from }, { onProgress });
      return { result, paths: [result.folder], use: `"base": ${JSON.stringify(result.base)}` };
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

async function listFiles({ engine, terminal, json }: VerbCall, of: EngineParams<'modelFiles'>): Promise<0> {
  const { isFolder, ggufs } = await engine.request('modelFiles', of);
  if (json) {
    terminal.printJson({ isFolder, ggufs });
    return 0;
  }
  if (isFolder) terminal.print(`${of.repo} is a folder of a base`);
  terminal.print(ggufs.length === 0 ? 'it has no model in GGUF' : 'in GGUF, as a recipe names it:');
  const rows = ggufs.map(({ file, base, bytes: size }) => [base ?? file, `${bytes(size)}, ${file}`] as const);
  if (rows.length > 0) for (const line of columns(rows)) terminal.print(line);
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
