import { type LearnedExample, learningProblems } from '../../nn/tokenizer/learningProblems.ts';
import type { PartProblem } from '../problem.ts';
import type { TrainingSettings } from '../schema.ts';
import { generationSettingsOf, readingOf, trainingSettingsOf } from '../settings.ts';
import { lineOf } from './dataProblems.ts';
import { type Checked, known, type LearnedFacts } from './recipeWorld.ts';

/** What of the experts' data would not be learned as it is written, before anything is trained. */
export function learnedProblems({ recipe, world }: Checked): PartProblem[] {
  const base = known(world.base);
  if (!base) return [];
  const { thinking } = generationSettingsOf(recipe);
  return Object.entries(recipe.experts).flatMap(([expert, { data }]) => {
    const read = (['train', 'validation'] as const).flatMap(role => {
      const file = data?.[role];
      const facts = typeof file === 'string' ? world.learned(file, readingOf(data!)) : undefined;
      return facts && typeof file === 'string' ? [{ file, facts, path: ['experts', expert, 'data', role] }] : [];
    });
    if (read.length === 0) return [];
    const settings = trainingSettingsOf(recipe, expert);
    const limits = { longest: base.config.maxLength, thinking };
    return read.flatMap(({ file, facts, path }) =>
      fileProblems(file, facts, settings, limits).map(p => ({ ...p, path })),
    );
  });
}

function fileProblems(
  file: string,
  facts: LearnedFacts,
  { maxLength, lossOn }: TrainingSettings,
  limits: { longest: number; thinking: boolean },
): Omit<PartProblem, 'path'>[] {
  const found = learningProblems(lossOn === 'all' ? learnedWhole(facts) : facts.examples, file, {
    ...limits,
    maxLength: Math.min(maxLength, limits.longest),
  });
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
