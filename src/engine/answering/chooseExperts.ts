import type { BaseText } from '../../experiment/base.ts';
import type { Call } from '../../protocol/contract.ts';
import type { WorkProgress } from '../../protocol/engine/source.ts';
import { WorkbenchError } from '../../protocol/errors.ts';
import type { RouteResult } from '../../protocol/route.ts';
import type { Target, Weights } from '../../protocol/target.ts';
import { weightsProblem } from '../../recipe/checkRecipe.ts';
import { tokenRouterOf } from '../../recipe/settings.ts';
import { routeConversation } from '../../router/conversation.ts';
import { gateTokens } from '../gating/gateTokens.ts';
import { routeOfShares } from '../gating/tokenRoute.ts';
import { byToken } from '../runtime/adapterBank.ts';
import type { Model } from '../runtime/model.ts';
import { beyondAnswering, withinExperts } from '../workbench/beyondExperts.ts';
import type { OpenExperiment, OpenExperts, Workbench } from '../workbench/workbench.ts';

/** Among whom is chosen; without a model, for an engine elsewhere. */
interface Choosing {
  open: OpenExperts | OpenExperiment | undefined;
  isEmbedded: boolean;
  text: BaseText;
  model?: Model;
}

/** Who answers a prompt: weights of experts, which are loaded, and how they were chosen. */
export interface Chosen {
  weights: Weights;
  /** For the row that is answered: what token gates make of a prompt is known when it has been read. */
  onShares?: (ids: number[], shares: Float32Array) => void;
  /** What is said of the choice when the answer has ended. */
  told(): { weights: Weights; route?: RouteResult };
}

/** Chooses who answers the newest of a user's prompts, and tells the route as soon as there is one. */
export async function chooseExperts(
  workbench: Workbench,
  choosing: Choosing,
  target: Target,
  /** Of the user, the oldest first. */
  prompts: readonly string[],
  call: Call<WorkProgress | { kind: 'route'; route: RouteResult }>,
  /** The newest one brings a text of its own, whose words nobody has to know. */
  bringsText = false,
): Promise<Chosen> {
  const { open, isEmbedded, text, model } = choosing;
  const { weights, route: found } = await weightsOf(workbench, choosing, target, prompts, call, bringsText);
  const prompt = prompts.at(-1) ?? '';
  const beyond = isEmbedded ? await beyondAnswering(prompt, text.tokenizer, weights, open?.experiment) : undefined;
  let route: RouteResult | undefined;
  const tell = (of: RouteResult) => {
    route = { ...of, ...(beyond && { beyond }) };
    call.progress({ kind: 'route', route });
  };
  if (found) tell(found);
  if (!model || !(byToken in weights)) return { weights, told: () => ({ weights, ...(route && { route }) }) };
  return {
    weights,
    onShares: (ids, shares) => tell(routeOfShares(model, prompt, ids, shares)),
    told: () => ({ weights: route?.weights ?? weights, ...(route && { route }) }),
  };
}

/** The weights of experts that a target stands for, loaded; for `auto` the router's, or those by which token gates choose. */
export async function weightsOf(
  workbench: Workbench,
  { open, isEmbedded }: Choosing,
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
