import { tokenTexts } from '../../nn/decode/detokenize.ts';
import { promptIds } from '../../nn/tokenizer/chatTemplate.ts';
import type { RouteResult } from '../../protocol/route.ts';
import { generationSettingsOf } from '../../recipe/settings.ts';
import type { Weights } from '../runtime/adapterBank.ts';
import { createKvCache, releaseCache } from '../runtime/kvCache.ts';
import type { Model } from '../runtime/model.ts';
import type { OpenExperiment } from '../workbench/workbench.ts';

const evidenceCount = 8;

/**
 * What token gates make of a prompt as a whole: the mean share that each expert has of the tokens of its text, and as evidence
 * the tokens that lean furthest to one.
 *
 * @param ids the prompt as the model reads it, within its chat template
 * @param shares [ids, experts]
 */
export function routeOfShares(model: Model, prompt: string, ids: number[], shares: Float32Array): RouteResult {
  const { experts } = model.bank.tokenGates()!;
  const texts = tokenTexts(model.base.text().tokenizer, ids);
  const own = placesOf(prompt, texts);
  const share = (t: number, e: number) => shares[t * experts.length + e]!;
  const mean = experts.map((_, e) => own.reduce((sum, t) => sum + share(t, e), 0) / own.length);
  const evidence = own.flatMap(t =>
    experts.map((expert, e) => ({
      expert,
      feature: texts[t]!.trim(),
      contribution: share(t, e) - 1 / experts.length,
    })),
  );
  return {
    weights: Object.fromEntries(experts.map((name, e) => [name, mean[e]!])),
    abstained: false,
    evidence: evidence
      .filter(({ feature, contribution }) => feature !== '' && contribution > 0)
      .sort((a, b) => b.contribution - a.contribution)
      .slice(0, evidenceCount),
  };
}

/** The tokens that a prompt's own text is in; all, where the template has changed it. */
function placesOf(prompt: string, texts: string[]): number[] {
  const start = texts.join('').lastIndexOf(prompt.trim());
  const end = start + prompt.trim().length;
  let at = 0;
  const places = texts.flatMap((text, t) => {
    const from = at;
    at += text.length;
    return start >= 0 && from < end && at > start ? [t] : [];
  });
  return places.length > 0 ? places : [...texts.keys()];
}

/** The route of a prompt that is read and not answered. */
export async function routeByTokens(
  { model, experiment }: OpenExperiment,
  prompt: string,
  weights: Weights,
): Promise<RouteResult> {
  if (Object.keys(weights).length === 0) return { weights, abstained: true, evidence: [] };
  const { tokenizer, chatTemplate } = model.base.text();
  const { maxLength } = model.base.config;
  const { thinking } = generationSettingsOf(experiment.recipe);
  const ids = promptIds(tokenizer, chatTemplate, [{ role: 'user', content: prompt }], thinking).slice(-maxLength);
  const cache = createKvCache(model.base.config, 1, ids.length);
  let route: RouteResult;
  const onShares = (shares: Float32Array) => {
    route = routeOfShares(model, prompt, ids, shares);
  };
  await model.run([ids], [0], [weights], cache, { onShares });
  releaseCache(cache);
  return route!;
}
