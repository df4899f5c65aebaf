import { baseFolder } from '../../experiment/baseFolder.ts';
import type { Call } from '../../protocol/contract.ts';
import type { WorkProgress } from '../../protocol/engine/source.ts';
import { WorkbenchError } from '../../protocol/errors.ts';
import type { RouteResult } from '../../protocol/route.ts';
import type { Target, Weights } from '../../protocol/target.ts';
import { weightsProblem } from '../../recipe/checkRecipe.ts';
import { type GenerationSettings, generationSettings } from '../../recipe/schema.ts';
import { generationSettingsOf, tokenRouterOf } from '../../recipe/settings.ts';
import { routeConversation } from '../../router/conversation.ts';
import { gateTokens } from '../gating/gateTokens.ts';
import type { Model } from '../runtime/model.ts';
import { withinExperts } from '../workbench/beyondExperts.ts';
import { watchFor } from '../workbench/request.ts';
import type { OpenExperiment, OpenExperts, OpenSource, Workbench } from '../workbench/workbench.ts';

/** Who can answer: a base alone, or with the experts of a recipe. */
export interface Answering {
  open: OpenExperiment | undefined;
  model: Model;
  /** Whether it is the base that is shipped. */
  isEmbedded: boolean;
  /** Decoding settings of the request over those of the recipe over the defaults. */
  settings: GenerationSettings;
}

/** Opens what a request names: its recipe, or a base alone. */
export async function openAnswering(
  workbench: Workbench,
  request: OpenSource & { settings?: Record<string, unknown> | undefined },
  call: Call<WorkProgress>,
): Promise<Answering> {
  const open = await openSource(workbench, request, call);
  const model =
    open?.model ?? (await workbench.model(baseFolder(request.base ?? 'embedded', '', workbench.mediaFolder)));
  const settings = parseSettings({ ...(open && generationSettingsOf(open.experiment.recipe)), ...request.settings });
  const isEmbedded = (open ? open.experiment.recipe.base : (request.base ?? 'embedded')) === 'embedded';
  return { open, model, isEmbedded, settings };
}

function openSource(
  workbench: Workbench,
  { recipe, base = 'embedded', adapters = {} }: OpenSource,
  call: Call<WorkProgress>,
): Promise<OpenExperiment> | undefined {
  if (recipe) return workbench.open(recipe, watchFor(call), adapters);
  return Object.keys(adapters).length > 0 ? workbench.openBase(base, adapters, watchFor(call)) : undefined;
}

/** The weights of experts that a target stands for, loaded; for `auto` the router's, or those by which token gates choose. */
export async function weightsOf(
  workbench: Workbench,
  { open, isEmbedded }: Pick<Answering, 'isEmbedded'> & { open: OpenExperts | OpenExperiment | undefined },
  target: Target,
  /** Of the user, the oldest first. */
  prompts: readonly string[],
  call: Call<WorkProgress>,
  /** The newest one brings a text of its own, whose words nobody has to know. */
  bringsText = false,
): Promise<{ weights: Weights; route?: RouteResult }> {
  if (!open) {
    if (target.kind !== 'auto' && target.kind !== 'base')
      throw new WorkbenchError('badRequest', 'experts and blends need a recipe that names them', 'Add --recipe FILE.');
    return { weights: {} };
  }
  switch (target.kind) {
    case 'base':
      return { weights: {} };
    case 'expert':
    case 'merge':
      await open.load([target.name]);
      return { weights: { [target.name]: 1 } };
    case 'blend':
      return { weights: await loaded(open, blendOf(open, target.name)) };
    case 'weights':
      return { weights: await loaded(open, target.weights) };
    case 'auto': {
      const byTokens = tokenRouterOf(open.experiment.recipe);
      if (byTokens) {
        if ('model' in open) return { weights: await gateTokens(open, byTokens, workbench, call) };
        throw new WorkbenchError(
          'unsupported',
          `the recipe routes each token ('${byTokens.kind}'), which engines elsewhere cannot`,
          'Ask an expert or a blend, take a router of prompts ("learned"), or let this machine answer.',
        );
      }
      const { route, prompt } = routeConversation(await open.router(), prompts);
      const { weights, abstained, evidence, beyond } =
        isEmbedded && !bringsText
          ? await withinExperts(route, prompt, open.experiment)
          : { ...route, beyond: undefined };
      await open.load(Object.keys(weights));
      const of = prompt === prompts.at(-1) ? undefined : prompt;
      return {
        weights,
        route: { weights, abstained, evidence, ...(of !== undefined && { of }), ...(beyond && { beyond }) },
      };
    }
  }
}

function blendOf({ experiment: { recipe, path } }: OpenExperts, blend: string): Weights {
  if (Object.hasOwn(recipe.blends, blend)) return recipe.blends[blend]!;
  throw new WorkbenchError(
    'notFound',
    `${path} has no blend '${blend}'`,
    `There are: ${Object.keys(recipe.blends).join(', ') || 'none'}.`,
  );
}

async function loaded(open: OpenExperts, weights: Weights): Promise<Weights> {
  const problem = weightsProblem(weights);
  if (problem) throw new WorkbenchError('badRequest', problem);
  await open.load(Object.keys(weights).filter(name => weights[name] !== 0));
  return weights;
}

/** Throws `badRequest` for a decoding setting that is none. */
export function parseSettings(settings: Record<string, unknown>): GenerationSettings {
  const parsed = generationSettings.safeParse(settings);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0]!;
  throw new WorkbenchError('badRequest', `decoding setting '${issue.path.join('.')}': ${issue.message}`);
}
