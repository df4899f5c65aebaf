import { createHash } from 'node:crypto';
import type { Example } from '../../data/example.ts';
import type { Base } from '../../experiment/base.ts';
import type { ExpertOrigin } from '../../experiment/checkpoints.ts';
import { type ReadData, readDataset } from '../../experiment/dataFiles.ts';
import type { Experiment } from '../../experiment/experiment.ts';
import type { WorkWatch } from '../../experiment/workWatch.ts';
import { checkRank } from '../../nn/lora/adapter.ts';
import { rankOf } from '../../nn/lora/adapterConfig.ts';
import { biasProblem, targetLayers, unusedPatterns } from '../../nn/lora/targetLayers.ts';
import { type LinearLayer, linearLayers, linearNamesOf } from '../../nn/model/layout.ts';
import { batchCount, stepCount } from '../../nn/train/schedule.ts';
import type { TrainingJob } from '../../nn/train/trainLoop.ts';
import { type Problem, WorkbenchError } from '../../protocol/errors.ts';
import type { BaseTrainingSettings, LoraSettings } from '../../recipe/schema.ts';
import { generationSettingsOf, loraSettingsOf, readingOf, trainingSettingsOn } from '../../recipe/settings.ts';
import { type EncodedData, encodeData } from './encodeData.ts';
import { splitExamples } from './splitExamples.ts';
import { readStart, type StartAdapter } from './startFactors.ts';
import { expertScaling } from './trainedExpert.ts';

/** An expert of a recipe, with its data read and encoded, ready to be trained. */
export interface PreparedExpert {
  job: TrainingJob & { train: EncodedData['examples'] };
  /** As the recipe says them, defaults filled in. */
  settings: BaseTrainingSettings;
  lora: LoraSettings;
  /** Module paths of the layers that carry factors. */
  targets: string[];
  /** What it starts from, where that is not fresh factors. */
  start?: StartAdapter;
  /** SHA-256 of all encoded examples, and of how they are parted. */
  dataHash: string;
  /** What of the data is not learned as it is written: warnings. */
  problems: Problem[];
  /** Share of the examples of a file whose answer loses its end, or is lost. */
  cutShare: number;
}

/** The names of the recipe's trainable experts, or those of `only`. Throws `notFound` and `badRecipe`. */
export function chosenExperts({ recipe, path }: Experiment, only?: string[]): string[] {
  const trainable = Object.keys(recipe.experts).filter(name => recipe.experts[name]!.data);
  for (const name of only ?? [])
    if (!trainable.includes(name))
      throw new WorkbenchError(
        'notFound',
        `${path}: no expert '${name}' with training data`,
        `Trainable: ${trainable.join(', ') || 'none'}.`,
      );
  if (trainable.length === 0)
    throw new WorkbenchError(
      'badRecipe',
      `${path}: no expert has training data`,
      "Add 'experts': { NAME: { data: { train: FILE } } }.",
    );
  return trainable.filter(name => !only || only.includes(name));
}

/** As prepareExpert for several, one after the other: each takes all processors. */
export async function prepareExperts(
  e: Experiment,
  base: Base,
  names: string[],
  options: { watch?: WorkWatch; cacheFolder?: string },
): Promise<PreparedExpert[]> {
  const prepared: PreparedExpert[] = [];
  for (const name of names) prepared.push(await prepareExpert(e, base, name, options));
  return prepared;
}

/** Reads and encodes an expert's data. What is made of it may be kept in the cache folder. Throws `mismatch` where its targets or rank do not fit the base. */
export async function prepareExpert(
  e: Experiment,
  base: Base,
  name: string,
  { watch, cacheFolder }: { watch?: WorkWatch; cacheFolder?: string } = {},
): Promise<PreparedExpert> {
  const lora = loraSettingsOf(e.recipe, name);
  const settings = trainingSettingsOn(base.config, e.recipe, name);
  const layers = expertLayers(base, lora, name);
  for (const l of layers) checkRank(rankOf(lora, l.path), l.in, l.out, l.path);
  const targets = layers.map(l => l.path);
  const start = await readStart(e, base, name, lora, targets);
  const data = e.recipe.experts[name]!.data!;
  const { thinking } = generationSettingsOf(e.recipe);
  const encode = async (file: string, { examples, warnings }: ReadData): Promise<EncodedData> => {
    const place = { folder: e.folder, file, cacheFolder };
    const encoded = await encodeData(base, examples, { ...settings, thinking }, place, watch);
    return { ...encoded, problems: [...warnings, ...encoded.problems] };
  };
  const nothing: EncodedData = { examples: [], problems: [], cutShare: 0 };
  const rows = await readTrainingRows(e, name);
  const train = await encode(data.train, rows.train);
  const validation = rows.setAside
    ? await encode(data.train, { examples: rows.setAside, warnings: [] })
    : data.validation
      ? await encode(data.validation as string, await readDataset(e.folder, data.validation as string, readingOf(data)))
      : nothing;
  const hash = createHash('sha256');
  for (const { examples } of [train, validation]) {
    // A row that goes from one to the other makes other data of them.
    hash.update(`${examples.length};`);
    for (const { ids, labels } of examples) hash.update(`${ids.length},`).update(ids).update(labels);
  }
  return {
    job: {
      name,
      scaling: expertScaling(lora),
      dropout: lora.dropout,
      settings,
      batches: batchCount(settings, train.examples.length),
      steps: stepCount(settings, train.examples.length),
      train: train.examples,
      validation: validation.examples,
    },
    settings,
    lora,
    targets,
    ...(start && { start }),
    dataHash: hash.digest('hex'),
    problems: [...(start?.problems ?? []), ...train.problems, ...validation.problems],
    cutShare: Math.max(train.cutShare, validation.cutShare),
  };
}

/** The rows that an expert learns from, and those that a share of them sets aside for validation. */
export async function readTrainingRows(
  e: Experiment,
  name: string,
): Promise<{ train: ReadData; setAside?: Example[] }> {
  const data = e.recipe.experts[name]!.data!;
  const all = await readDataset(e.folder, data.train, readingOf(data));
  if (typeof data.validation !== 'number') return { train: all };
  const { train, validation } = splitExamples(all.examples, data.validation, e.recipe.seed, data.train);
  return { train: { ...all, examples: train }, setAside: validation };
}

/** The layers a recipe's targets name. Throws `mismatch` for names, blocks and patterns that fit nothing of the base. */
function expertLayers(base: Base, lora: LoraSettings, expert: string): LinearLayer[] {
  const { layers, unknown, unknownBlocks } = targetLayers(base.config, lora);
  const wrong = (what: string, hint: string) => new WorkbenchError('mismatch', `expert '${expert}' ${what}`, hint);
  if (unknown.length > 0)
    throw wrong(
      `targets '${unknown[0]}', which the base does not have`,
      `Its linear layers: ${linearNamesOf(base.config).join(', ')}.`,
    );
  if (unknownBlocks.length > 0)
    throw wrong(
      `names block ${unknownBlocks[0]}, which the base does not have`,
      `It has ${base.config.layers}, counted from 0.`,
    );
  if (layers.length === 0)
    throw wrong(
      `targets ${JSON.stringify(lora.targets)}, which fits no layer of the base`,
      `An expression stands for a whole path, such as ${linearLayers(base.config)[0]!.path}: begin it with .*`,
    );
  const biases = biasProblem(base.config, lora.bias, layers);
  if (biases !== undefined) throw wrong(biases, "Set 'bias' to 'none', or choose other targets or another base.");
  for (const key of ['rankPattern', 'alphaPattern'] as const) {
    const [unused] = unusedPatterns(lora[key], layers);
    if (unused !== undefined)
      throw wrong(`has the key '${unused}' in ${key}, which no layer with factors fits`, 'Correct it, or take it out.');
  }
  return layers;
}

/** What a checkpoint notes of an expert. */
export function originOf({ job, lora, targets, dataHash }: PreparedExpert): ExpertOrigin {
  return { name: job.name, lora, targets, dataHash, trainExamples: job.train.length };
}
