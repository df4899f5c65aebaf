import type { Example } from '../../data/example.ts';
import { readAdapter } from '../../experiment/adapterFiles.ts';
import { readDataset } from '../../experiment/dataFiles.ts';
import { adapterFolder, type Experiment, openExperiment, trainedExperts } from '../../experiment/experiment.ts';
import { checkFitsBase } from '../../nn/lora/adapter.ts';
import { Random } from '../../nn/tensor/random.ts';
import type { FindWeightsRequest, FoundWeights } from '../../protocol/engine/weighing.ts';
import { WorkbenchError } from '../../protocol/errors.ts';
import { trainingSettings } from '../../recipe/schema.ts';
import { generationSettingsOf, readingOf } from '../../recipe/settings.ts';
import { crossFit } from '../blending/crossFit.ts';
import { judgeByLoss } from '../blending/judgeByLoss.ts';
import { judgeByScore } from '../blending/judgeByScore.ts';
import type { WeightJudge } from '../blending/weightJudge.ts';
import { heldOutItem } from '../evaluation/answerSet.ts';
import { checkQuestions, namedSet } from '../evaluation/loadSets.ts';
import { openBase } from '../runtime/quantizedBase.ts';
import { encodeData } from '../training/encodeData.ts';
import { type EngineCall, type RequestHandler, watchFor } from '../workbench/request.ts';
import type { Workbench } from '../workbench/workbench.ts';

/** Fewer say nothing; more are for a training. */
const fewestExamples = 5;
const mostExamples = 50;
/** Weights that a search tries: by gradient it ends before, where they no longer move. */
const mostTried = { loss: 30, score: 40 };
/** Of the cross-validation: by generated answers each part is dear. */
const partsOf = { loss: 5, score: 2 };

/** Finds weights for a blend of experts from a few examples, and says by how much they are better than equal ones and than one expert. */
export const handle: RequestHandler<'findWeights'> = async (workbench, request, call) => {
  const started = performance.now();
  const experiment = await openExperiment(request.recipe, workbench.mediaFolder);
  const seed = request.seed ?? experiment.recipe.seed;
  const experts = await chosenExperts(experiment, request.experts);
  const data = await readExamples(experiment, request, seed);
  const by = request.scorer ? 'score' : 'loss';
  const job: Job = { experiment, experts, data, evaluations: request.evaluations ?? mostTried[by], request };
  const parts = partsOf[by];
  let before = 0;
  const progress = (done: number, total: number) =>
    call.progress({ kind: 'work', message: 'trying weights', done: before * total + done, total: (parts + 1) * total });
  const judge = await (request.scorer ? scoreJudge : lossJudge)(workbench, job, call, progress);
  try {
    const found = await crossFit(judge, parts, seed, searches => {
      before = searches;
    });
    const table = (weights: number[]) => Object.fromEntries(experts.map((name, i) => [name, weights[i]!]));
    // A cost is a share of wrong answers: what is told is that of right ones.
    const figure = (cost: number) => (by === 'loss' ? cost : 1 - cost);
    const controls = found.controls.map(({ kind, expert, cost, difference, low, high }) => ({
      kind,
      expert: expert === undefined ? undefined : experts[expert]!,
      figure: figure(cost),
      ...(by === 'loss' ? { difference, low, high } : { difference: 0 - difference, low: 0 - high, high: 0 - low }),
    }));
    const result: FoundWeights = {
      weights: table(found.weights),
      by: request.scorer ?? 'loss',
      source: data.name,
      examples: judge.counts.length,
      of: data.of,
      seed,
      parts: found.ofParts.map(table),
      figure: figure(found.cost),
      controls,
      seconds: (performance.now() - started) / 1000,
      notes: data.notes,
    };
    return result;
  } finally {
    await judge.dispose();
  }
};

interface Job {
  experiment: Experiment;
  experts: string[];
  data: FewExamples;
  evaluations: number;
  request: FindWeightsRequest;
}

/** Throws `notFound` for names without an adapter, `badRequest` where there is nothing to weigh. */
async function chosenExperts(e: Experiment, wanted?: string[]): Promise<string[]> {
  const trained = await trainedExperts(e);
  const missing = wanted?.find(name => !trained.includes(name));
  if (missing !== undefined)
    throw new WorkbenchError(
      'notFound',
      `${e.path} has no trained expert '${missing}'`,
      `Trained: ${trained.join(', ') || 'none'}.`,
    );
  const experts = trained.filter(name => !wanted || wanted.includes(name));
  if (experts.length >= 2) return experts;
  throw new WorkbenchError(
    'badRequest',
    `a blend needs two experts; ${experts.length === 0 ? 'none is' : `only '${experts[0]}' is`} trained and chosen`,
    `Train them: multi-lora train ${e.path}`,
  );
}

interface FewExamples {
  /** As it was named, and the file of it. */
  name: string;
  file: string;
  examples: Example[];
  /** How many there are. */
  of: number;
  notes: string[];
}

/** Throws `badRequest` where no data is named, and `badData` for too few examples. */
async function readExamples(e: Experiment, request: FindWeightsRequest, seed: number): Promise<FewExamples> {
  const { data, set } = request;
  if ((data === undefined) === (set === undefined))
    throw new WorkbenchError('badRequest', 'weights are found from examples', 'Add --data FILE or --set NAME.');
  const named = set === undefined ? undefined : namedSet(e, set);
  const file = named?.data ?? data!;
  const read = await readDataset(e.folder, file, named && readingOf(named));
  if (request.scorer) checkQuestions(file, read.examples, request.scorer);
  const usable = read.examples.slice(0, named?.limit ?? read.examples.length);
  checkEnough(file, usable.length);
  const most = Math.max(fewestExamples, request.examples ?? mostExamples);
  const drawn = new Random(seed).shuffle([...usable]).slice(0, most);
  return {
    name: set ?? file,
    file,
    examples: drawn.sort((a, b) => a.line - b.line),
    of: usable.length,
    notes: read.warnings.map(({ message }) => message),
  };
}

function checkEnough(file: string, count: number): void {
  if (count >= fewestExamples) return;
  throw new WorkbenchError(
    'badData',
    `${file} has ${count} examples that can be used: too few to find weights from and to judge them by`,
    `Add some: from ${fewestExamples} on it says something, from 20 on more.`,
  );
}

type Progress = (done: number, total: number) => void;

async function lossJudge(
  workbench: Workbench,
  { experiment: e, experts, data, evaluations }: Job,
  call: EngineCall<'findWeights'>,
  progress: Progress,
): Promise<WeightJudge> {
  const { recipe } = e;
  const base = await openBase(e.baseFolder, recipe.quantization, workbench.cacheFolder, watchFor(call));
  const adapters = [];
  for (const name of experts) {
    const adapter = await readAdapter(adapterFolder(e, name), name, workbench.tell);
    checkFitsBase(adapter, base.config);
    adapters.push(adapter);
  }
  const settings = { ...trainingSettings.parse(recipe.training), thinking: generationSettingsOf(recipe).thinking };
  const place = { folder: e.folder, file: data.file };
  const encoded = await encodeData(base, data.examples, settings, place, watchFor(call, 'tokenising the data'));
  // Those of which nothing of the answer is read are left out.
  checkEnough(data.file, encoded.examples.length);
  data.notes.push(...encoded.problems.map(({ message }) => message));
  const { threads, memoryLimit } = workbench;
  const watch = { signal: call.signal, progress };
  return judgeByLoss({ base, adapters, examples: encoded.examples, evaluations, threads, memoryLimit, watch });
}

async function scoreJudge(
  workbench: Workbench,
  { experiment: { path, recipe }, experts, data, evaluations, request }: Job,
  call: EngineCall<'findWeights'>,
  progress: Progress,
): Promise<WeightJudge> {
  const { model, load } = await workbench.open(path, watchFor(call));
  await load(experts);
  return judgeByScore({
    model,
    experts,
    items: data.examples.map(heldOutItem),
    scorer: request.scorer!,
    settings: generationSettingsOf(recipe),
    batchSize: recipe.evaluation.batchSize,
    evaluations,
    watch: { signal: call.signal, progress },
  });
}
