import { resolve } from 'node:path';
import { checkMinima, findSystem } from '../../evaluation/minima.ts';
import type { Measured } from '../../protocol/engine/evaluating.ts';
import { WorkbenchError } from '../../protocol/errors.ts';
import { generationSettingsOf } from '../../recipe/settings.ts';
import { answerSet, modelAnswerer, scoreOf } from '../evaluation/answerSet.ts';
import { loadSets, problemsOf } from '../evaluation/loadSets.ts';
import { routingOf, systemsOf } from '../evaluation/systems.ts';
import { type RequestHandler, watchFor } from '../workbench/request.ts';
import { checkAvailable } from '../workbench/workbench.ts';

/** Wrong answers that are told of each system on a set. */
const toldWrong = 5;

/**
 * Measures some systems on some sets, and nothing else: what a check against regressions costs. Throws `badRecipe` where
 * neither the request nor a minimum of the recipe says what to measure.
 */
export const handle: RequestHandler<'measure'> = async (workbench, request, call) => {
  const open = await workbench.open(request.recipe, watchFor(call));
  const { recipe, path, folder } = open.experiment;
  const all = recipe.evaluation.sets;
  const names = request.sets ?? Object.keys(all).filter(set => !!request.systems || all[set]!.minimum);
  const wanted = (set: string) => request.systems ?? Object.keys(all[set]?.minimum ?? {});
  if (names.length === 0 || names.every(set => wanted(set).length === 0 && Object.hasOwn(all, set)))
    throw new WorkbenchError(
      'badRecipe',
      `${path} sets no minimum`,
      `Add "minimum": { NAME: SHARE } to a set of "evaluation".`,
    );
  const sets = await loadSets(open.experiment, names);
  const settings = generationSettingsOf(recipe);
  const systems = await systemsOf(open, await routingOf(workbench, open, call));
  const total = sets.reduce((sum, { name, items }) => sum + wanted(name).length * items.length, 0);
  const answerer = modelAnswerer(open.model);
  let before = 0;
  const measured: Measured[] = [];
  for (const set of sets)
    for (const name of wanted(set.name)) {
      const system = findSystem(systems, name, s => s.name);
      if (!system) throw await notThere(name);
      await open.load(system.members);
      const { batchSize } = recipe.evaluation;
      const watch = {
        signal: call.signal,
        progress: (done: number) =>
          call.progress({ kind: 'work', message: `${name} on ${set.name}`, done: before + done, total }),
      };
      const answers = await answerSet(answerer, set, system.weightsOf, settings, batchSize, watch);
      before += answers.length;
      const wrong = answers.filter(a => !a.correct).slice(0, toldWrong);
      measured.push({
        set: set.name,
        system: name,
        score: scoreOf(system.name, system.kind, set.name, answers),
        path: resolve(folder, set.set.data),
        wrong: wrong.map(({ item: { line, prompt, expected }, got }) => ({ line, prompt, expected, got })),
      });
    }
  const asked = Object.fromEntries(sets.map(({ name, set }) => [name, set]));
  const checks = checkMinima(
    asked,
    measured.map(m => m.score),
  );
  return { measured, gates: checks.filter(check => check.score), problems: problemsOf(sets) };

  async function notThere(name: string): Promise<WorkbenchError> {
    const blend = recipe.blends[name];
    // An expert or a merge that is not there is told of with what makes it.
    await checkAvailable(open, blend && !Object.hasOwn(recipe.experts, name) ? Object.keys(blend) : [name]);
    return new WorkbenchError('notFound', `nothing is called '${name}'`);
  }
};
