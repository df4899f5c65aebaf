import type { CalledTool } from '../../evaluation/toolCalls.ts';
import type { EvaluateRequest } from '../../protocol/engine/evaluating.ts';
import { type Problem, WorkbenchError } from '../../protocol/errors.ts';
import type { ReportScore } from '../../protocol/report.ts';
import { generationSettingsOf } from '../../recipe/settings.ts';
import { askEngine } from '../elsewhere/completeElsewhere.ts';
import { type Elsewhere, openElsewhere } from '../elsewhere/openElsewhere.ts';
import type { OpenExperiment, Workbench } from '../workbench/workbench.ts';
import { type Answerer, answerSet, type LoadedSet, scoreOf } from './answerSet.ts';
import { type Routing, systemsOf } from './systems.ts';

interface Watch {
  signal: AbortSignal;
  progress(message: string, done: number, total: number): void;
}

/**
 * What the recipe's systems answer on engines elsewhere, for the same report. Where one fails, what was not measured whole
 * is left out and said; all else is kept.
 */
export async function scoreElsewhere(
  workbench: Workbench,
  open: OpenExperiment,
  { byPrompt, byTokens }: Routing,
  sets: LoadedSet[],
  { recipe, engines, keys, servers }: Pick<EvaluateRequest, 'recipe' | 'engines' | 'keys' | 'servers'>,
  { signal, progress }: Watch,
): Promise<{ scores: ReportScore[]; problems: Problem[] }> {
  const { answering, evaluation } = open.experiment.recipe;
  const settings = generationSettingsOf(open.experiment.recipe);
  const names = (engines ?? [answering]).filter(name => name !== 'local');
  const systems = await systemsOf(open, { byPrompt, byTokens: undefined });
  // A route of tokens is made within the model.
  const asked = byTokens ? systems.filter(system => system.kind !== 'routed') : systems;
  const scores: ReportScore[] = [];
  const problems: Problem[] = [];
  const tell = (message: string) =>
    problems.push({ code: 'notMeasuredElsewhere', severity: 'warning', where: open.experiment.path, message });
  const questions = sets.reduce((sum, { items }) => sum + items.length, 0);
  for (const name of names) {
    const from = await openElsewhere(workbench, name, { recipe, keys, servers });
    const answerer = elsewhereAnswerer(from);
    if (byTokens) tell(`the router's answers were not measured on '${name}', which cannot route tokens`);
    const total = asked.length * questions;
    let before = 0;
    for (const { name: own, kind, weightsOf } of asked) {
      // An expert and a blend may have the same name.
      const system = kind === 'blend' || kind === 'merge' ? `${own} (${kind})` : own;
      const measured: ReportScore[] = [];
      try {
        for (const set of sets) {
          const watch = {
            signal,
            progress: (done: number) => progress(`${system} on ${name}, ${set.name}`, before + done, total),
          };
          const answers = await answerSet(answerer, set, weightsOf, settings, evaluation.batchSize, watch);
          before += answers.length;
          measured.push(scoreOf(`${system} on ${name}`, 'elsewhere', set.name, answers));
        }
      } catch (error) {
        if (!(error instanceof WorkbenchError)) throw error;
        tell(`'${system}' was not measured on '${name}': ${error.message}${error.hint ? `. ${error.hint}` : ''}`);
        // What is wrong with one expert need not be with the next; an engine that is away is so for all.
        if (error.code === 'network' || error.code === 'busy' || error.code === 'denied') break;
        continue;
      }
      scores.push(...measured);
    }
  }
  return { scores, problems };
}

/** An engine elsewhere: the rows of a batch are asked at once, each for itself. */
function elsewhereAnswerer(from: Elsewhere): Answerer {
  return {
    text: from.text,
    answer: (rows, signal) =>
      Promise.all(
        rows.map(async ({ messages, tools, gap, weights, settings }) => {
          const input = gap
            ? ({ kind: 'fill', ...gap } as const)
            : ({ kind: 'chat', messages, ...(tools && { tools }) } as const);
          const [asked] = await askEngine({ ...from, settings }, { input }, weights, { signal, progress() {} });
          const { answer } = asked!;
          const calls = callsOf(answer.toolCalls);
          return { text: answer.text, ...(calls && { calls }) };
        }),
      ),
  };
}

/** Calls that the server has read out of an answer; undefined where there are none, or none that is whole. */
function callsOf(calls: readonly { name: string; arguments: string }[]): CalledTool[] | undefined {
  if (calls.length === 0) return undefined;
  try {
    return calls.map(({ name, arguments: json }) => ({ name, arguments: JSON.parse(json) }));
  } catch {
    return undefined;
  }
}
