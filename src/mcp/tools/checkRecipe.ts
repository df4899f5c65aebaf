import * as z from 'zod';
import { plural } from '../../text/numbers.ts';
import { checkedRecipe, problemLines, toldProblems } from '../checkedRecipe.ts';
import { defineTool, reads } from '../tool.ts';

const fix = z.object({
  title: z.string(),
  edits: z.array(z.object({ line: z.int(), remove: z.string(), insert: z.string() })),
  create: z.object({ file: z.string(), text: z.string() }).optional(),
});

const problem = z.object({
  code: z.string(),
  severity: z.enum(['error', 'warning']),
  where: z.string(),
  message: z.string(),
  line: z.int().optional(),
  fixes: z.array(fix),
});

/** What tools need of a recipe that may not be saved yet. */
export const recipeOrText = {
  recipe: z
    .string()
    .min(1)
    .default('unsaved.lora.json')
    .describe('Path of the recipe, *.lora.json, from the workspace; where it will lie when `text` is given.'),
  text: z.string().optional().describe('The recipe as it will be saved, in place of its file.'),
};

export const checkRecipe = defineTool({
  name: 'check_recipe',
  title: 'Check a recipe',
  description:
    'Finds what is wrong with a recipe: keys, values and names, and the data, base and adapters that it names, row by row. Every problem has a code, its place, what was expected, and edits that resolve it. Check after every change.',
  input: z.strictObject(recipeOrText),
  output: z.object({ errors: z.int(), warnings: z.int(), problems: z.array(problem) }),
  annotations: reads,

  async run({ recipe, text }, { place, mediaFolder }) {
    const problems = toldProblems(await checkedRecipe(place(recipe), mediaFolder, text));
    const errors = problems.filter(p => p.severity === 'error').length;
    const warnings = problems.length - errors;
    const head =
      errors > 0
        ? `${plural(errors, 'error')}: the recipe cannot be trained as it is`
        : warnings > 0
          ? `no errors, ${plural(warnings, 'warning')}`
          : 'no problems';
    return { text: [head, ...problemLines(problems)].join('\n'), data: { errors, warnings, problems } };
  },
});
