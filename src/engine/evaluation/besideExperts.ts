import { readAdapter } from '../../experiment/adapterFiles.ts';
import { adapterFolder } from '../../experiment/experiment.ts';
import type { Adapter } from '../../nn/lora/adapter.ts';
import { randomLike } from '../../nn/lora/randomAdapter.ts';
import type { ReportScore } from '../../protocol/report.ts';
import { generationSettingsOf } from '../../recipe/settings.ts';
import type { OpenExperiment, Workbench } from '../workbench/workbench.ts';
import { answerSet, type GradedAnswer, type LoadedSet, modelAnswerer, scoreOf } from './answerSet.ts';
import { trainJointly } from './joint.ts';

/** Who waits for the answers, and hears how far they are. */
interface Beside {
  signal: AbortSignal;
  progress(message: string, done?: number, total?: number): void;
}

/** The answers of an adapter that is in the bank for them alone. Its name is one that no expert can have. */
export async function answersBeside(
  { experiment: { recipe }, model }: OpenExperiment,
  adapter: Adapter,
  sets: readonly LoadedSet[],
  { signal, progress }: Beside,
): Promise<GradedAnswer[][]> {
  await model.load(adapter);
  try {
    const answerer = modelAnswerer(model);
    const answers: GradedAnswer[][] = [];
    for (const set of sets) {
      const told = {
        signal,
        progress: (done: number, total: number) => progress(`${adapter.name} on ${set.name}`, done, total),
      };
      const { batchSize } = recipe.evaluation;
      const weights = { [adapter.name]: 1 };
      answers.push(await answerSet(answerer, set, () => weights, generationSettingsOf(recipe), batchSize, told));
    }
    return answers;
  } finally {
    model.bank.unload(adapter.name);
  }
}

/** Scores of the one adapter that is trained on all experts' data at once. */
export async function jointScores(
  workbench: Workbench,
  open: OpenExperiment,
  experts: string[],
  sets: LoadedSet[],
  beside: Beside,
): Promise<ReportScore[]> {
  const options = {
    experiment: open.experiment,
    base: open.model.base,
    ...(await resourcesOf(workbench)),
    signal: beside.signal,
    progress: (step: number, steps: number) => beside.progress('one adapter learns all domains', step, steps),
  };
  const answers = await answersBeside(open, await trainJointly(options, experts), sets, beside);
  return sets.map(({ name }, i) => scoreOf('trained jointly', 'control', name, answers[i]!));
}

/** Scores of random adapters, for each set one as large as its expert's. */
export async function randomScores(
  open: OpenExperiment,
  sets: (LoadedSet & { expert: string })[],
  beside: Beside,
): Promise<ReportScore[]> {
  const { experiment } = open;
  const scores: ReportScore[] = [];
  for (const set of sets) {
    const { expert } = set;
    const own = await readAdapter(adapterFolder(experiment, expert), expert);
    const random = randomLike(own, '(a random adapter)', experiment.recipe.seed);
    const [answers] = await answersBeside(open, random, [set], beside);
    scores.push(scoreOf('random adapter', 'control', set.name, answers!));
  }
  return scores;
}

/** What trainings beside the experts may use. */
export async function resourcesOf({ threads, devices, memoryLimit, cacheFolder, tell }: Workbench) {
  return { threads, use: await devices.use(), memoryLimit, cacheFolder, tell };
}
