import { dirname } from 'node:path';
import * as z from 'zod';
import { experimentPaths, recipeName } from '../../experiment/paths.ts';
import { WorkbenchError } from '../../protocol/errors.ts';
import { figuresOfExperts, sizeText, stepsText } from '../../recipe/language/expertFigures.ts';
import { known, type RecipeWorld } from '../../recipe/language/recipeWorld.ts';
import type { Recipe, RecipeStep } from '../../recipe/schema.ts';
import { loraSettingsOf, mergeWeightsOf, trainingSettingsOf } from '../../recipe/settings.ts';
import { plural, weightList } from '../../text/numbers.ts';
import { checkedRecipe } from '../checkedRecipe.ts';
import { defineTool, reads } from '../tool.ts';
import { recipeOrText } from './checkRecipe.ts';

export const explainRecipe = defineTool({
  name: 'explain_recipe',
  title: 'Explain a recipe',
  description:
    'Says in words what a recipe will do: its base, each expert with its data, factors and training, router, blends, merges, held-out sets and steps, with the defaults that hold where it says nothing.',
  input: z.strictObject(recipeOrText),
  annotations: reads,

  async run({ recipe: given, text }, { place, mediaFolder }) {
    const path = place(given);
    const { reading, world, problems } = await checkedRecipe(path, mediaFolder, text);
    const { parts } = reading;
    if (!parts) throw new WorkbenchError('badRecipe', 'there is no recipe to explain', 'See check_recipe.', problems);
    const errors = problems.filter(p => p.severity === 'error').length;
    const { output } = experimentPaths(path, { output: parts.output });
    const lines = [
      `${parts.name ?? recipeName(path)}, in ${dirname(path)}`,
      ...(errors > 0
        ? [`It has ${plural(errors, 'error')}, and is explained as far as it can be read: see check_recipe.`]
        : []),
      '',
      ...baseLines(parts, world),
      ...expertLines(parts, world),
      ...partLines(parts),
      `Results go to: ${output}`,
    ];
    const explanation = lines.join('\n');
    return { text: explanation, data: { explanation, output, errors } };
  },
});

function baseLines({ base, quantization }: Recipe, world: RecipeWorld): string[] {
  const config = known(world.base)?.config;
  const what = config ? ` (${config.architecture}, reads ${config.maxLength} tokens)` : ' (not there)';
  return [
    `Base: ${base}${what}, frozen${quantization === 'auto' || quantization === 'none' ? '' : `, in ${quantization}`}.`,
  ];
}

function expertLines(recipe: Recipe, world: RecipeWorld): string[] {
  const figures = figuresOfExperts(recipe, world);
  return Object.entries(recipe.experts).map(([name, { domain, data, adapter, startFrom, description }]) => {
    const said = [domain && `for ${domain}`, description?.replace(/[.]$/, '')].filter(Boolean).join('; ');
    const head = `Expert ${name}${said ? ` (${said})` : ''}`;
    if (!data) return `${head}: loads ${adapter ?? 'nothing'}.`;
    const lora = loraSettingsOf(recipe, name);
    const training = trainingSettingsOf(recipe, name);
    const found = figures(name);
    const size = found && sizeText(found);
    const targets = Array.isArray(lora.targets) ? lora.targets.join(', ') : lora.targets;
    const validation = data.validation === undefined ? 'nothing' : data.validation;
    return [
      `${head}: learns ${data.train}, validated on ${validation}${startFrom ? `, starting from ${startFrom}` : ''};`,
      `  rank ${lora.rank}, alpha ${lora.alpha} on ${targets}${lora.dora ? ', with magnitudes (DoRA)' : ''}${size ? `; ${size}` : ''};`,
      `  batches of ${training.batchSize}, learning rate ${training.learningRate}, at most ${training.maxLength} tokens${found?.training ? `; ${stepsText(found.training)}` : ''}${world.trainedOn(name) ? '; it is trained already' : ''}.`,
    ].join('\n');
  });
}

function partLines(recipe: Recipe): string[] {
  const { router, blends, merges, evaluation, steps } = recipe;
  const sets = Object.entries(evaluation.sets);
  return [
    `Router: ${router.kind}.`,
    ...Object.entries(blends).map(([name, weights]) => `Blend ${name}: ${weightList(weights)}.`),
    ...Object.entries(merges).map(
      ([name, { method }]) => `Merge ${name}: ${method} of ${weightList(mergeWeightsOf(recipe, name))}.`,
    ),
    ...sets.map(
      ([name, { data, scorer, expert }]) =>
        `Held-out set ${name}: ${data}, scored as ${scorer}, ${expert === undefined ? 'of no one expert' : `of the expert ${expert}`}.`,
    ),
    ...(sets.length === 0 ? ['Nothing is held out: it cannot be evaluated.'] : []),
    ...steps.map((step, i) => `Step ${i + 1}: ${stepText(step)}`),
  ];
}

function stepText(step: RecipeStep): string {
  switch (step.do) {
    case 'note':
      return `a note for people.`;
    case 'train':
      return `train ${step.experts?.join(', ') ?? 'all experts'}.`;
    case 'ask':
      return `ask ${step.blend ?? (step.weights ? weightList(step.weights) : step.expert)} “${step.prompt}”`;
    case 'blend':
      return `ask the blends ${step.blends.join(', ')} “${step.prompt}”`;
    case 'merge':
      return `make the merge ${step.merge}.`;
    case 'evaluate':
      return `measure on ${step.sets?.join(', ') ?? 'all held-out sets'}, and write the report.`;
  }
}
