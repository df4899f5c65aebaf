import { createHash } from 'node:crypto';
import { basename, dirname, join, resolve } from 'node:path';
import { WorkbenchError } from '../protocol/errors.ts';

/**
 * The only place that spells the names of what an experiment keeps on disk. Nothing is read here: who knows a recipe's
 * path, and what it says of `output`, knows every other path.
 */

export const recipeEnding = '.lora.json';

/** The report of a recipe's last evaluation, as data. */
export const reportFile = 'report.json';

/** The folder beside recipes that has a folder of results for each of them, unless a recipe names another. */
export const resultsFolder = 'runs';

/** The file by which a folder is an adapter, as PEFT calls it. */
export const adapterConfigFile = 'adapter_config.json';
const factorsFile = 'adapter_model.safetensors';
const recordFile = 'run.json';
/** The events of a training, a line of JSON each, wherever it runs. */
export const eventsFile = 'events.jsonl';
const history = 'history';

/** What file watchers and searches of the editor look for. */
export const globs = {
  recipes: `**/*${recipeEnding}`,
  /** Where no file is the user's own: results, and packages. */
  notResults: `**/{node_modules,${resultsFolder}}/**`,
  runRecords: `**/${history}/*/${recordFile}`,
  reports: `**/${reportFile}`,
  adapters: `**/${adapterConfigFile}`,
  factorsAndReports: `**/{${factorsFile},${reportFile}}`,
  dataAndAdapters: `**/{*.jsonl,*.csv,*.tsv,*.parquet,*.gz,${adapterConfigFile}}`,
  /** Where lines of JSON are events of runs, or are not the user's. */
  notData: `**/{node_modules,.git,${history}}/**`,
} as const;

/** What a recipe is called where it does not say so itself: `three` of `three.lora.json` and of `three.json`. */
export function recipeName(recipe: string): string {
  return basename(recipe).replace(/\.lora\.json$|\.json$/, '');
}

/** Whether a file, by its path with `/`, is one that a run writes all the while it goes on. */
export function isOfRun(path: string): boolean {
  return path.includes(`/${history}/`);
}

/** Outputs of a recipe's steps lie beside it: `three.lora.json` → `three.lora.out.json`. */
export function notebookOutputsPath(recipe: string): string {
  return recipe.replace(/\.json$/, '.out.json');
}

/** The files of an adapter's folder, as PEFT calls them. */
export interface AdapterPaths {
  config: string;
  factors: string;
}

/** What other programs call an adapter's factors: MLX, and PEFT before it wrote safetensors. In the order in which they are read. */
export const otherFactorsFiles = ['adapters.safetensors', 'adapter_model.bin'];

export function adapterPaths(folder: string): AdapterPaths {
  return { config: join(folder, adapterConfigFile), factors: join(folder, factorsFile) };
}

/** The files of one run's folder. */
export interface RunPaths {
  folder: string;
  record: string;
  /** Every event of a training as a line of JSON. */
  events: string;
  /** Whoever writes it asks the run's engine to end it; where it says `pause`, the run is paused. */
  stop: string;
  /** The checkpoints that the run keeps, and that of a step. */
  checkpoints: string;
  checkpoint(step: number): string;
}

export function runPaths(folder: string): RunPaths {
  const checkpoints = join(folder, 'checkpoints');
  return {
    folder,
    record: join(folder, recordFile),
    events: join(folder, eventsFile),
    stop: join(folder, 'stop'),
    checkpoints,
    checkpoint: step => keptCheckpointPath(checkpoints, step),
  };
}

/** The file of a step in a folder of kept checkpoints. */
export function keptCheckpointPath(folder: string, step: number): string {
  return join(folder, `step-${String(step).padStart(8, '0')}.safetensors`);
}

/** The step of a kept checkpoint, by its file's name; undefined for other files. */
export function stepOfCheckpoint(name: string): number | undefined {
  const [, step] = /^step-(\d+)\.safetensors$/.exec(name) ?? [];
  return step === undefined ? undefined : Number(step);
}

/** The files of one sweep. */
export interface SweepPaths {
  data: string;
  page: string;
  /** Held while it goes on. */
  lock: string;
}

/** The results of a recipe: all that lies in its output folder. */
export interface ResultPaths {
  output: string;
  /** All that is written directly into it; nothing of that may be a link. */
  parts: string[];
  /** The folder of the adapter that training writes, whatever adapter a recipe may load. */
  trainedAdapter(expert: string): string;
  /** Where that adapter is kept when a checkpoint's factors take its place; those before it have numbers. */
  previousAdapter(expert: string, number?: number): string;
  /** What is known of an expert's training, with its curve. */
  trainingRecord(expert: string): string;
  /** Held while the expert is trained. */
  expertLock(expert: string): string;
  /** The folder of a merge that names no other. */
  merge(name: string): string;
  /** The last checkpoint of experts that are trained together. */
  checkpoint(experts: readonly string[]): string;
  /** How far the fit of a merge to data is; of one without a name, by its method. */
  fitCheckpoint(merge: string | undefined, method: string): string;
  /** The learned router: what it is of, and its numbers by the hash of that. */
  router: string;
  routerWeights(fingerprint: string): string;
  /** The gates of tokens, with the hash of what they were fitted to in its metadata. */
  tokenGates: string;
  /** The report of the last evaluation as data and as a page; the folder of one that was written before, by its time. */
  report: string;
  reportPage: string;
  earlierReport(written: Date): string;
  /** The folder of all of those. */
  earlierReports: string;
  /** Scores of experts on their own sets, since the first evaluation. */
  scores: string;
  /** The sweep of an expert over learning rates and ranks, by the hash of all else that it depends on. */
  sweep(expert: string, key: string): SweepPaths;
  /** Adapters as engines elsewhere load them. */
  elsewhere: string;
  /** A folder for each run. */
  history: string;
  /** Throws `badRequest` for what is no run's identity. */
  run(id: string): RunPaths;
}

export function resultPaths(output: string): ResultPaths {
  const at = (...parts: string[]) => join(output, ...parts);
  return {
    output,
    parts: [
      'adapters',
      'previous',
      'training',
      'merges',
      'checkpoints',
      'router',
      'reports',
      'sweeps',
      'elsewhere',
      history,
    ]
      .concat(reportFile, 'report.html', 'history.json')
      .map(name => at(name)),
    trainedAdapter: expert => at('adapters', expert),
    // No expert's name has a tilde.
    previousAdapter: (expert, number) => at('previous', number === undefined ? expert : `${expert}~${number}`),
    trainingRecord: expert => at('training', `${expert}.json`),
    expertLock: expert => at('training', `${expert}.lock`),
    merge: name => at('merges', name),
    checkpoint: experts => at('checkpoints', `${joinedName(experts)}.safetensors`),
    // As above.
    fitCheckpoint: (merge, method) => at('checkpoints', `merge~${merge ?? `~${method}`}.safetensors`),
    router: at('router', 'router.json'),
    routerWeights: fingerprint => at('router', `${fingerprint.slice(0, 16)}.bin`),
    tokenGates: at('router', 'tokens.safetensors'),
    report: at(reportFile),
    reportPage: at('report.html'),
    // No file name of Windows has a colon.
    earlierReport: written => at('reports', written.toISOString().replace(/[:.]/g, '-')),
    earlierReports: at('reports'),
    scores: at('history.json'),
    sweep(expert, key) {
      const file = (ending: string) => at('sweeps', `${expert}-${key.slice(0, 16)}${ending}`);
      return { data: file('.json'), page: file('.html'), lock: file('.lock') };
    },
    elsewhere: at('elsewhere'),
    history: at(history),
    run(id) {
      if (/^[\w-]+$/.test(id)) return runPaths(at(history, id));
      throw new WorkbenchError('badRequest', `'${id}' is not the identity of a run`);
    },
  };
}

/** Longer file names are refused by some file systems with what is put behind them while they are written. */
const longestName = 150;

/** Names as one; of many a few, and a hash of all. No expert's name has a plus sign or a tilde. */
function joinedName(names: readonly string[]): string {
  const all = names.join('+');
  if (all.length <= longestName) return all;
  return `${all.slice(0, longestName - 17)}~${createHash('sha256').update(all).digest('hex').slice(0, 16)}`;
}

/** The results among which the folder of a run lies. */
export function resultsOfRun(runFolder: string): ResultPaths {
  return resultPaths(dirname(dirname(runFolder)));
}

/** The results of a recipe; `output` is the folder for them that it names, relative to its own. */
export function experimentPaths(recipe: string, { output }: { output?: string | undefined } = {}): ResultPaths {
  if (output !== undefined) return resultPaths(resolve(dirname(recipe), output));
  const paths = resultPaths(resolve(dirname(recipe), resultsFolder, recipeName(recipe)));
  // Nobody has named the folder, so that a link in its place is none that the user meant.
  return { ...paths, parts: [paths.output, ...paths.parts] };
}
