import { baseFolder } from '../../experiment/baseFolder.ts';
import type {
  AskAllRequest,
  AskAllResult,
  AskRequest,
  AskResult,
  RouteResult,
} from '../../protocol/engine/engineApi.ts';
import { WorkbenchError } from '../../protocol/errors.ts';
import { weightsProblem } from '../../recipe/checkRecipe.ts';
import { generationSettings } from '../../recipe/schema.ts';
import { generationSettingsOf } from '../../recipe/settings.ts';
import type { Weights } from '../runtime/adapterBank.ts';
import { type GenerateRow, generate } from '../runtime/generate.ts';
import type { RequestContext } from '../workbench/requestContext.ts';
import { watchFor } from '../workbench/requestContext.ts';
import type { OpenExperiment, Workbench } from '../workbench/workbench.ts';

/** Answers one prompt with an expert, a blend, the base, or whatever the router chooses. */
export async function askRun(workbench: Workbench, request: AskRequest, context: RequestContext): Promise<AskResult> {
  const { open, model, settings } = await prepare(workbench, request, context);
  const started = performance.now();
  const { weights, route } = await chooseWeights(open, request);
  const routeMs = performance.now() - started;
  if (route) context.notify('answerRoute', { id: request.id, route });
  const { answers, timings } = await generate(
    model,
    [
      {
        messages: [...(request.history ?? []), { role: 'user', content: request.prompt }],
        weights,
        settings,
        onText: text => context.notify('answerText', { id: request.id, text }),
      },
    ],
    context.signal,
  );
  return { ...answers[0]!, weights, route, timings: { routeMs, ...timings } };
}

/** Answers several prompts in one batch. */
export async function askAllRun(
  workbench: Workbench,
  request: AskAllRequest,
  context: RequestContext,
): Promise<AskAllResult> {
  if (request.prompts.length === 0) return { answers: [] };
  const { open, model, settings } = await prepare(workbench, request, context);
  const rows = request.prompts.map(async (prompt): Promise<GenerateRow> => {
    const { weights } = await chooseWeights(open, { ...request, prompt });
    return { messages: [{ role: 'user', content: prompt }], weights, settings };
  });
  const { answers } = await generate(model, await Promise.all(rows), context.signal);
  return { answers: answers.map(({ text, finish }) => ({ text, finish })) };
}

/** What answers a request: its recipe where it names one, the model, and the decoding settings over those of the recipe. */
async function prepare(workbench: Workbench, request: Omit<AskRequest, 'prompt'>, context: RequestContext) {
  const open = request.recipe ? await workbench.open(request.recipe, watchFor(request.id, context)) : undefined;
  const model =
    open?.model ?? (await workbench.model(baseFolder(request.base ?? 'embedded', '', workbench.mediaFolder)));
  const settings = parseSettings({ ...(open && generationSettingsOf(open.experiment.recipe)), ...request.settings });
  return { open, model, settings };
}

/** Weights of experts from what a request says: explicit weights, a named blend, an expert, or the router. */
async function chooseWeights(
  open: OpenExperiment | undefined,
  request: AskRequest,
): Promise<{ weights: Weights; route?: RouteResult }> {
  const { expert = 'auto', blend } = request;
  if (!open) {
    if (request.weights || blend || !['auto', 'base'].includes(expert))
      throw new WorkbenchError('badRequest', 'experts and blends need a recipe that names them', 'Add --recipe FILE.');
    return { weights: {} };
  }
  const { recipe, path } = open.experiment;
  const named = blend !== undefined && Object.hasOwn(recipe.blends, blend) ? recipe.blends[blend] : undefined;
  if (blend !== undefined && !named)
    throw new WorkbenchError(
      'notFound',
      `${path} has no blend '${blend}'`,
      `There are: ${Object.keys(recipe.blends).join(', ') || 'none'}.`,
    );
  const given = request.weights ?? named;
  if (given) {
    const problem = weightsProblem(given);
    if (problem) throw new WorkbenchError('badRequest', problem);
    await open.load(Object.keys(given).filter(name => given[name] !== 0));
    return { weights: given };
  }
  if (expert === 'base') return { weights: {} };
  if (expert !== 'auto') {
    await open.load([expert]);
    return { weights: { [expert]: 1 } };
  }
  const { weights, abstained, evidence } = (await open.router())(request.prompt);
  await open.load(Object.keys(weights));
  return { weights, route: { weights, abstained, evidence } };
}

function parseSettings(settings: Record<string, unknown>) {
  const parsed = generationSettings.safeParse(settings);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0]!;
  throw new WorkbenchError('badRequest', `decoding setting '${issue.path.join('.')}': ${issue.message}`);
}
