import { join } from 'node:path';
import type { Example } from '../../data/example.ts';
import { encodeAdapter } from '../../experiment/adapterFiles.ts';
import type { LoadOptions } from '../../experiment/base.ts';
import { type Base, hashBase, loadBase } from '../../experiment/base.ts';
import { entriesOf, kindOf, shortList } from '../../experiment/checkResults.ts';
import { readDataset } from '../../experiment/dataFiles.ts';
import type { Experiment } from '../../experiment/experiment.ts';
import {
  type FileContent,
  type FileCopy,
  linkError,
  readJson,
  readText,
  writeFolderAtomic,
} from '../../experiment/files.ts';
import { factorSeed } from '../../nn/lora/initFactors.ts';
import { WorkbenchError } from '../../protocol/errors.ts';
import type { TrainingForm } from '../../protocol/trainingForm.ts';
import { readingOf } from '../../recipe/settings.ts';
import type { EncodedData } from '../training/encodeData.ts';
import { originOf, type PreparedExpert, prepareExperts, readTrainingRows } from '../training/prepareExpert.ts';
import { startStates } from '../training/startFactors.ts';
import { freshFactors } from '../training/trainBackend.ts';
import { originOn, trainedAdapter } from '../training/trainedAdapter.ts';
import { trainedExpert } from '../training/trainedExpert.ts';
import { type Launch, launchOf } from './launchFiles.ts';
import { packagedBase } from './packagedBase.ts';
import { readableLines } from './readableLines.ts';
import { batchLines, jobMark, rowLines, type TrainingJobFile, trainingJob } from './trainingJob.ts';

/** Where a job lies once it is written, and how it is started. */
export interface WrittenJob extends Launch {
  folder: string;
  job: TrainingJobFile;
}

export interface JobOptions extends LoadOptions {
  form: TrainingForm;
  /** Whose training it is; that of all experts with data without it. */
  names: string[];
  /** Where it is written. */
  out: string;
  /** What is shipped, the scripts with it. */
  mediaFolder: string;
  threads: number;
}

/** The scripts of a job, in `media`. */
const scripts = { train: 'train.py', ray: 'ray_train.py' };

/**
 * Writes the training of a recipe's experts as a folder that runs elsewhere: a script on TRL and PEFT, and the base, the rows
 * as tokens, the rows of every batch and the first factors that it reads. Throws `badRequest` for a folder that holds
 * anything else than an earlier job without results.
 */
export async function writeTrainingJob(
  e: Experiment,
  { form, names, out, mediaFolder, threads, ...load }: JobOptions,
): Promise<WrittenJob> {
  await checkJobFolder(out);
  const base = await loadBase(e.baseFolder, load);
  const prepared = await prepareExperts(e, base, names, load);
  const { place, files: baseFiles } = await packagedBase(e, base);
  const job = trainingJob(e, prepared, place, await hashBase(base));
  const launch = launchOf(form, job, prepared);
  launch.notes.push(...recipeNotes(e, prepared));
  const files = new Map<string, FileContent | FileCopy | (() => Promise<FileContent>)>([
    ['job.json', `${JSON.stringify(job, null, 1)}\n`],
    ...baseFiles,
  ]);
  for (const expert of prepared)
    for (const [name, content] of await expertFiles(e, base, expert, threads))
      files.set(`experts/${expert.job.name}/${name}`, content);
  if (form !== 'axolotl' && form !== 'llama-factory') {
    for (const [name, script] of scriptFiles(form, mediaFolder)) files.set(name, script);
    files.set(
      'requirements.txt',
      requirements(await readText(join(mediaFolder, 'elsewhere', scripts.train), 'the script')),
    );
  }
  for (const [name, text] of launch.files) files.set(name, text);
  files.set('README.md', readme(job, launch));
  await writeFolderAtomic(out, files, () => checkJobFolder(out));
  return { ...launch, folder: out, job };
}

/** The scripts of a job. */
export function scriptFiles(form: TrainingForm, mediaFolder: string): [name: string, FileCopy][] {
  const names = form === 'ray' ? [scripts.train, scripts.ray] : [scripts.train];
  return names.map(name => [name, { copyOf: join(mediaFolder, 'elsewhere', name) }]);
}

async function expertFiles(
  e: Experiment,
  base: Base,
  expert: PreparedExpert,
  threads: number,
): Promise<Map<string, FileContent | (() => Promise<FileContent>)>> {
  const { name, validation } = expert.job;
  const train: EncodedData['examples'] = expert.job.train;
  const { examples: rows, setAside } = await rowsOf(e, name);
  const used = new Set(train.map(({ line }) => line));
  const files = new Map<string, FileContent | (() => Promise<FileContent>)>([
    ['train.jsonl', encoded(rowLines(train))],
    ['batches.jsonl', encoded(batchLines(expert, e.recipe.seed))],
    ['data.jsonl', encoded(readableLines(rows.filter(({ line }) => used.has(line))))],
  ]);
  if (validation.length > 0) {
    files.set('validation.jsonl', encoded(rowLines(validation)));
    files.set('data-validation.jsonl', encoded(readableLines(setAside)));
  }
  for (const [file, content] of await startFiles(e, base, expert, threads)) files.set(`start/${file}`, content);
  return files;
}

/** The first factors of an expert, as the files of an adapter. */
export async function startFiles(e: Experiment, base: Base, expert: PreparedExpert, threads: number) {
  const start = trainedAdapter(base, originOf(expert), await firstFactors(e, base, expert, threads));
  return encodeAdapter(start, originOn(base, await hashBase(base)));
}

/** The examples that an expert learns from, and those by which its best checkpoint is chosen. */
async function rowsOf(e: Experiment, name: string): Promise<{ examples: Example[]; setAside: Example[] }> {
  const { train, setAside } = await readTrainingRows(e, name);
  const data = e.recipe.experts[name]!.data!;
  if (setAside || typeof data.validation !== 'string') return { examples: train.examples, setAside: setAside ?? [] };
  const { examples } = await readDataset(e.folder, data.validation, readingOf(data));
  return { examples: train.examples, setAside: examples };
}

/** The flat vector that an expert's training begins with. */
async function firstFactors(e: Experiment, base: Base, expert: PreparedExpert, threads: number): Promise<Float32Array> {
  const { seed } = e.recipe;
  const { job, lora, targets } = expert;
  const started = startStates(base, [expert], seed).get(job.name);
  if (started) return started.parameter;
  return freshFactors(base, { ...trainedExpert(job.name, lora, targets), seed: factorSeed(seed, job.name) }, threads);
}

/** Lines as bytes, one after the other, so that not all of them are one string. */
export function* encoded(lines: Iterable<string>): Generator<Uint8Array> {
  for (const line of lines) yield Buffer.from(line);
}

/** What of a recipe is otherwise there than here, whatever trains it. */
function recipeNotes({ recipe }: Experiment, prepared: readonly PreparedExpert[]): string[] {
  const notes: string[] = [];
  if (prepared.some(({ lora }) => lora.dropout > 0)) notes.push('Dropout draws other masks there than here.');
  if (recipe.quantization !== 'none')
    notes.push(`The base is trained as it is stored there, not in the ${recipe.quantization} of the recipe.`);
  if (prepared.some(({ settings }) => settings.arithmetic === 'int8'))
    notes.push('Products with the base are computed in F32 there, not in 8 bits.');
  return notes;
}

/** The packages that a script names for tools which read it, as a file for pip. */
function requirements(script: string): string {
  const [, list = ''] = /^# dependencies = \[\n((?:#.*\n)*?)# \]/m.exec(script) ?? [];
  return [...list.matchAll(/"([^"]+)"/g)].map(([, name]) => `${name}\n`).join('');
}

function readme({ name, experts }: TrainingJobFile, { commands, notes }: Launch): string {
  const all = Object.entries(experts).map(
    ([expert, { trainExamples, steps }]) => `- ${expert}: ${trainExamples} examples, ${steps} steps`,
  );
  return [
    `# ${name}`,
    `The training of:\n\n${all.join('\n')}`,
    `In this folder:\n\n${commands.map(command => `    ${command}`).join('\n')}`,
    ...(notes.length > 0 ? [notes.map(note => `- ${note}`).join('\n')] : []),
    `Then, where the recipe is:\n\n    multi-lora import RECIPE FOLDER/results/${Object.keys(experts)[0]}`,
  ]
    .join('\n\n')
    .concat('\n');
}

/** Throws `badRequest` where a job would replace what is none, or one that has results; `storage` for a link. */
async function checkJobFolder(out: string): Promise<void> {
  const kind = await kindOf(out);
  if (kind === 'none') return;
  if (kind === 'link') throw linkError(out);
  if (kind !== 'folder')
    throw new WorkbenchError('badRequest', `${out} is a file; the job is a folder`, 'Choose another --out.');
  const names = (await entriesOf(out))!.map(entry => entry.name);
  if (names.length === 0) return;
  const json = names.includes('job.json')
    ? await readJson(join(out, 'job.json'), 'the job').catch(() => undefined)
    : undefined;
  if ((json as Partial<TrainingJobFile> | undefined)?.['multi-lora'] !== jobMark)
    throw new WorkbenchError(
      'badRequest',
      `${out} holds other files (${shortList(names)})`,
      'Choose a new or empty folder for --out.',
    );
  if (names.includes('results'))
    throw new WorkbenchError(
      'badRequest',
      `${out} holds a job that has results already`,
      'Choose a new folder for --out; they would be lost.',
    );
}
