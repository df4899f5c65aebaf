import type { BaseConfig } from '../../nn/model/config.ts';
import { type LearnedExample, learningProblems } from '../../nn/tokenizer/learningProblems.ts';
import type { PartProblem } from '../problem.ts';
import type { Recipe, TrainingSettings } from '../schema.ts';
import { generationSettingsOf, trainingSettingsOf } from '../settings.ts';
import { lineOf } from './dataProblems.ts';
import { type Checked, known, type LearnedFacts, type RecipeWorld } from './recipeWorld.ts';

/** What of the experts' data would not be learned as it is written, before anything is trained. */
export function learnedProblems({ recipe, world }: Checked): PartProblem[] {
  const base = known(world.base);
  if (!base) return [];
  return Object.entries(recipe.experts).flatMap(([expert, { data }]) =>
    (['train', 'validation'] as const).flatMap(role => {
      const file = data?.[role];
      if (!file) return [];
      const path = ['experts', expert, 'data', role];
      return fileProblems(recipe, trainingSettingsOf(recipe, expert), file, base.config, world).map(p => ({
        ...p,
        path,
      }));
    }),
  );
}

function fileProblems(
  recipe: Recipe,
  { maxLength, lossOn }: TrainingSettings,
  file: string,
  { maxLength: longest }: BaseConfig,
  world: RecipeWorld,
): Omit<PartProblem, 'path'>[] {
  const facts = world.learned(file);
  if (!facts) return [];
  const { thinking } = generationSettingsOf(recipe);
  const limits = { maxLength: Math.min(maxLength, longest), longest, thinking };
  const found = learningProblems(lossOn === 'all' ? learnedWhole(facts) : facts.examples, file, limits);
  const sampled = facts.isSample ? ' Not every line was looked at.' : '';
  const problems = found.map(({ code, message, lines }) => ({
    code,
    on: 'value' as const,
    message: message + sampled,
    related: lines.map(line => ({ file, line, message: 'this example' })),
  }));
  const [refused] = lossOn === 'all' ? [] : facts.refused;
  if (!refused) return problems;
  const line = lineOf(refused.where);
  const related = facts.refused.slice(0, 10).map(p => ({ file, line: lineOf(p.where), message: p.message }));
  return [
    ...problems,
    { code: 'refusedExample', on: 'value', message: `${file}:${line}: ${refused.message}`, related },
  ];
}

/** Every token is learned. */
function learnedWhole({ examples, lengths }: LearnedFacts): LearnedExample[] {
  return examples.map((example, i) => ({ ...example, learned: { first: 1, end: lengths[i]! } }));
}
