import type { Recipe, RecipeStep } from '../schema.ts';

export interface StepTemplate {
  do: RecipeStep['do'];
  description: string;
  /** What a new cell says; of a note its Markdown. */
  text: string;
}

/** What new steps can do, with the names that the recipe has for them. */
export function stepTemplates(recipe?: Pick<Recipe, 'blends' | 'merges'>): StepTemplate[] {
  const step = (value: { do: RecipeStep['do'] } & Record<string, unknown>, description: string): StepTemplate => ({
    do: value.do,
    description,
    text: JSON.stringify(value, null, 1).replace(/\n\s*/g, ' '),
  });
  const blends = Object.keys(recipe?.blends ?? {});
  const [merge = 'NAME'] = Object.keys(recipe?.merges ?? {});
  return [
    { do: 'note', description: 'Markdown', text: '' },
    step({ do: 'train' }, 'trains all experts, or those named in "experts"'),
    step({ do: 'ask', prompt: 'Hello' }, 'asks the router’s choice, an "expert", a "blend" or "weights"'),
    step(
      { do: 'blend', prompt: 'Hello', blends: blends.length > 0 ? blends : ['NAME'] },
      'asks blends, to see their answers side by side',
    ),
    step({ do: 'merge', merge }, 'combines experts for good'),
    step({ do: 'evaluate' }, 'measures every system on all held-out sets, or those named in "sets"'),
  ];
}
