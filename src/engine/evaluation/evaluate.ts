import { basename, resolve } from 'node:path';
import { checkMinima } from '../../evaluation/minima.ts';
import { hashAdapter } from '../../experiment/adapterFiles.ts';
import { hashBase } from '../../experiment/base.ts';
import { adapterFolder } from '../../experiment/experiment.ts';
import { sizeOf } from '../../experiment/files.ts';
import { writeReport } from '../../experiment/reports.ts';
import { addScores, earliestScore, readScores } from '../../experiment/soloScores.ts';
import { readTrainingRecord } from '../../experiment/trainingRecord.ts';
import { baseParameters } from '../../nn/model/layout.ts';
import { toolPrompt } from '../../nn/tokenizer/toolPrompt.ts';
import type { EvaluateRequest, EvaluateResult } from '../../protocol/engine/evaluating.ts';
import type { Problem } from '../../protocol/errors.ts';
import type { Report, ReportForgetting, ReportScore } from '../../protocol/report.ts';
import type { RouteResult } from '../../protocol/route.ts';
import { generationSettingsOf } from '../../recipe/settings.ts';
import { listing } from '../../text/numbers.ts';
import { routeByTokens } from '../gating/tokenRoute.ts';
import { fillGap } from '../runtime/fillGap.ts';
import { type EngineCall, watchFor } from '../workbench/request.ts';
import type { OpenExperiment, Workbench } from '../workbench/workbench.ts';
import { domainSets, type LoadedSet } from './answerSet.ts';
import { answersBeside, jointScores, randomScores, resourcesOf } from './besideExperts.ts';
import { describeExpert, describeMachine, describeMerge } from './describe.ts';
import { scoreElsewhere } from './elsewhere.ts';
import { measureGeneralText } from './generalText.ts';
import { inactiveExpertsCheck } from './inactiveExperts.ts';
import { checkGaps, loadSets, problemsOf } from './loadSets.ts';
import { routerReport } from './routerReport.ts';
import { type SequentialResult, trainSequentially } from './sequential.ts';
import { digestOf } from './setDigest.ts';
import { measureStorage } from './storage.ts';
import { measureSwitching } from './switching.ts';
import { type Routing, routingOf, scoreSystems, systemsOf } from './systems.ts';

/** Prompts whose logits are compared bit for bit. */
const probeCount = 8;

/**
 * Measures everything the report tells and writes `report.json` and `report.html` into the output folder. With `sets` only
 * those are measured; the comparison with one adapter trained in sequence belongs to a whole evaluation.
 */
export async function evaluateRecipe(
  workbench: Workbench,
  request: EvaluateRequest,
  call: EngineCall<'evaluate'>,
): Promise<EvaluateResult> {
  const open = await workbench.open(request.recipe, watchFor(call));
  const { experiment: e, model } = open;
  const { recipe } = e;
  const sets = await loadSets(e, request.sets);
  checkGaps(model.base, sets);
  const available = await open.available();
  const experts = available.filter(name => name in recipe.experts);
  // Files that may have been changed are read before hours are spent.
  const records = await Promise.all(experts.map(name => readTrainingRecord(e.paths, name)));
  await readScores(e.paths);
  await open.load(available);
  const routing = await routingOf(workbench, open, call);
  const settings = generationSettingsOf(recipe);
  const progress = (message: string, done = 0, total = 0) => call.progress({ kind: 'work', message, done, total });
  const timed = stopwatch();

  const systems = await timed('answers', () => scoreSystems(open, routing, sets, settings, call.signal, progress));
  const elsewhere = await timed('answers elsewhere', () =>
    scoreElsewhere(workbench, open, routing, sets, request, { signal: call.signal, progress }),
  );
  progress('the base with all gates at zero');
  const { tokenizer, chatTemplate } = model.base.text();
  const probes = sets
    .flatMap(s => s.items.slice(0, probeCount))
    .slice(0, probeCount)
    .map(item =>
      item.gap
        ? fillGap(model, item.gap, settings).ids
        : toolPrompt(tokenizer, chatTemplate, item, settings.thinking).prompt,
    );
  const gates = await timed('gate-zero check', () => inactiveExpertsCheck(model, probes, workbench.threads));
  const before = await scoresBefore(open, experts, sets, systems.scores);
  const isWhole = request.sets === undefined;
  const sequential =
    isWhole && recipe.evaluation.sequential
      ? await timed('one adapter in sequence', () => sequentialForgetting(workbench, open, sets, call.signal, progress))
      : undefined;
  const withData = experts.filter(name => recipe.experts[name]!.data);
  const hasJoint = isWhole && recipe.evaluation.joint !== undefined && experts.length > 1;
  const joint =
    hasJoint && withData.length > 1
      ? await timed('one adapter jointly', () =>
          jointScores(workbench, open, withData, sets, { signal: call.signal, progress }),
        )
      : [];
  const tested = domainSets(sets).filter(({ expert }) => experts.includes(expert));
  const random =
    isWhole && experts.length > 1
      ? await timed('random adapters', () => randomScores(open, tested, { signal: call.signal, progress }))
      : [];
  const generalText =
    isWhole && recipe.evaluation.generalText
      ? await timed('general text', async () =>
          measureGeneralText(open, await systemsOf(open, routing), call.signal, progress),
        )
      : undefined;
  progress('storage and memory');
  const prompt = sets[0]?.items[0]?.prompt ?? 'Hello';
  const folders = experts.map(name => adapterFolder(e, name));
  const storage = await timed('storage and memory', () =>
    measureStorage(model.base, folders, prompt, workbench.threads, call.signal),
  );
  const switching = probes[0] && (await measureSwitching(model, probes[0]));
  const hashAfter = await hashBase(model.base);

  // What was measured in part must not pass for a report.
  call.signal.throwIfAborted();
  const report: Report = {
    version: 1,
    created: new Date().toISOString(),
    recipe: { name: e.name, path: e.path, seed: recipe.seed },
    base: {
      name: recipe.base === 'embedded' ? 'embedded' : basename(resolve(e.folder, recipe.base)),
      parameters: baseParameters(model.base),
      bytes: await sizeOf(e.baseFolder),
      quantization: model.base.quantization,
      answersInInt8: model.base.answersInInt8,
      hashBefore: records.find(r => r)?.baseHash ?? hashAfter,
      hashAfter,
    },
    machine: describeMachine(workbench.threads),
    experts: await Promise.all(experts.map(name => describeExpert(e, name))),
    blends: systems.blends,
    merges: await Promise.all(available.filter(name => name in recipe.merges).map(name => describeMerge(e, name))),
    sets: sets.map(s => ({
      name: s.name,
      expert: s.set.expert,
      scorer: s.set.scorer,
      examples: s.items.length,
      digest: digestOf(s.items),
    })),
    scores: [...systems.scores, ...elsewhere.scores, ...joint, ...random],
    router:
      domainSets(sets).length > 0 ? await routerReport(recipe.router.kind, routeOf(open, routing), sets) : undefined,
    forgetting: {
      gateZeroDifference: gates.difference,
      gateZeroBitEqual: gates.bitEqual,
      probeTokens: gates.tokens,
      experts: before,
      sequential,
      generalText,
    },
    storage,
    switching,
    curves: records.flatMap(r => (r ? [r.curve] : [])),
    examples: systems.examples,
    durations: timed.durations,
  };
  await writeReport(e.paths, report);
  const measured = Object.fromEntries(sets.map(({ name, set }) => [name, set]));
  return {
    report,
    reportPath: e.paths.report,
    htmlPath: e.paths.reportPage,
    gates: checkMinima(measured, report.scores),
    problems: [
      ...problemsOf(sets),
      ...elsewhere.problems,
      ...(hasJoint ? leftOutProblems(e.path, experts, withData) : []),
    ],
  };
}

/** The route of a prompt: of token gates, what they make of it as a whole. */
function routeOf(open: OpenExperiment, { byPrompt, byTokens }: Routing): (prompt: string) => Promise<RouteResult> {
  return async prompt => (byTokens ? routeByTokens(open, prompt, byTokens) : byPrompt(prompt));
}

/** Each expert's own score now, beside the one its factors had before the other experts were trained. */
async function scoresBefore(
  open: OpenExperiment,
  experts: string[],
  sets: LoadedSet[],
  scores: ReportScore[],
): Promise<ReportForgetting['experts']> {
  const e = open.experiment;
  const now = await Promise.all(
    domainSets(sets)
      .filter(({ expert }) => experts.includes(expert))
      .map(async ({ expert, name: set }) => {
        const { correct, total } = scores.find(x => x.system === expert && x.set === set)!;
        const adapterHash = await hashAdapter(adapterFolder(e, expert));
        return { expert, set, adapterHash, trained: [...experts].sort(), correct, total };
      }),
  );
  const history = await addScores(e.paths, now);
  return now.map(s => {
    const then = earliestScore(history, s.expert, s.set, s.adapterHash);
    return { expert: s.expert, set: s.set, before: then?.correct ?? s.correct, after: s.correct, total: s.total };
  });
}

/** What the adapter that is trained jointly did not learn: experts whose data is not here. */
function leftOutProblems(path: string, experts: string[], withData: string[]): Problem[] {
  const leftOut = experts.filter(name => !withData.includes(name));
  if (leftOut.length === 0) return [];
  const names = listing(leftOut.map(name => `'${name}'`));
  const what =
    withData.length > 1
      ? `the adapter that is trained jointly has not learned what ${names} did: the recipe names no data of it`
      : `no adapter was trained jointly: the recipe names no data of ${names}`;
  return [{ code: 'leftOutOfJoint', severity: 'warning', where: path, message: what }];
}

async function sequentialForgetting(
  workbench: Workbench,
  open: OpenExperiment,
  sets: LoadedSet[],
  signal: AbortSignal,
  progress: (message: string, done?: number, total?: number) => void,
): Promise<SequentialResult> {
  return trainSequentially({
    experiment: open.experiment,
    base: open.model.base,
    ...(await resourcesOf(workbench)),
    signal,
    setOf: expert => sets.find(s => s.set.expert === expert)?.name,
    progress: (stage, step, steps) => progress(`one adapter learns ${stage}`, step, steps),
    measure: async adapter => {
      const answers = await answersBeside(open, adapter, sets, { signal, progress });
      return Object.fromEntries(
        sets.map(({ name }, i) => {
          const own = answers[i]!;
          return [name, { correct: own.filter(a => a.correct).length, total: own.length }];
        }),
      );
    },
  });
}

function stopwatch() {
  const durations: Report['durations'] = [];
  const time = async <T>(name: string, work: () => Promise<T>): Promise<T> => {
    const started = performance.now();
    const result = await work();
    durations.push({ name, seconds: (performance.now() - started) / 1000 });
    return result;
  };
  return Object.assign(time, { durations });
}
