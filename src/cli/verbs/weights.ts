import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { readText, writeFileAtomic } from '../../experiment/files.ts';
import { WorkbenchError } from '../../protocol/errors.ts';
import { scorerNames } from '../../protocol/scorer.ts';
import type { Weights } from '../../protocol/target.ts';
import { saveBlend } from '../../recipe/edit.ts';
import { namePattern, nameRule, reservedNames } from '../../recipe/names.ts';
import { parseRecipe } from '../../recipe/parse.ts';
import { foundWeightsLines, usedWeights } from '../../report/foundWeights.ts';
import { progressLine } from '../console/format.ts';
import type { Verb } from '../console/verb.ts';

export const weightsVerb: Verb = {
  name: 'weights',
  summary:
    "Finds weights for a blend of a recipe's experts from a handful of examples, and says whether they are worth it.",
  usage: [
    'RECIPE --data FILE [--scorer SCORER] [--experts NAME…] [--examples N] [--evaluations N] [--seed N] [--save BLEND]',
    'RECIPE --set NAME …',
  ],
  options: {
    data: { value: 'FILE', description: 'examples with answers, in any form that experts learn from' },
    set: { value: 'NAME', description: 'an evaluation set of the recipe, in place of a file' },
    scorer: {
      value: 'SCORER',
      description: `score generated answers by ${scorerNames.join(', ')}; without it the loss of the given answers is lowered by its gradient, which is faster`,
    },
    experts: { value: 'NAME', list: 'names', description: 'the experts (default: all that are trained)' },
    examples: { value: 'N', description: 'examples at most, 5 or more, drawn by the seed (default: 50)' },
    evaluations: {
      value: 'N',
      description: 'weights that each search tries at most (default: 40 with a scorer, 30 without)',
    },
    seed: { value: 'N', description: "of draws and search (default: the recipe's)" },
    save: { value: 'BLEND', description: 'write the weights into the recipe, as a blend of this name' },
  },
  positionals: [1, 1],
  examples: [
    'my.lora.json --data mine.jsonl',
    'my.lora.json --data mine.jsonl --scorer final --experts math code --save mine',
    'my.lora.json --set code --scorer code',
  ],

  async run({ args, terminal, json, engine }) {
    const recipe = resolve(args.positionals[0]!);
    const name = args.text('save');
    if (name !== undefined && (!namePattern.test(name) || reservedNames.includes(name)))
      throw new WorkbenchError('badRequest', `'${name}' cannot be the name of a blend`, nameRule);
    const data = args.text('data');
    const found = await engine.request(
      'findWeights',
      {
        recipe,
        // What is no file may be a dataset in the cache.
        data: data !== undefined && existsSync(data) ? resolve(data) : data,
        set: args.text('set'),
        scorer: scorerOf(args.text('scorer')),
        experts: args.list('experts'),
        examples: args.number('examples'),
        evaluations: args.number('evaluations'),
        seed: args.number('seed'),
      },
      { onProgress: told => !json && terminal.progress(progressLine(told)) },
    );
    for (const note of found.notes) terminal.note(`note: ${note}`);
    if (json) terminal.printJson(found);
    else for (const line of foundWeightsLines(found)) terminal.print(line);
    if (name === undefined) return 0;
    const used = usedWeights(found);
    if (!used) {
      terminal.note('no expert helps on these examples: there is no blend to save');
      return 1;
    }
    await saveInRecipe(recipe, name, used);
    terminal.note(`saved as the blend '${name}' of ${recipe}`);
    return 0;
  },
};

function scorerOf(given: string | undefined) {
  const scorer = scorerNames.find(each => each === given);
  if (given !== undefined && !scorer)
    throw new WorkbenchError('badRequest', `there is no scorer '${given}'`, `There are: ${scorerNames.join(', ')}.`);
  return scorer;
}

/** Throws `badRequest` where the recipe would have problems with it, and writes nothing then. */
async function saveInRecipe(recipe: string, name: string, weights: Weights): Promise<void> {
  const text = saveBlend(await readText(recipe, 'the recipe'), name, weights);
  const [problem] = parseRecipe(text).problems.filter(({ severity }) => severity === 'error');
  if (problem) throw new WorkbenchError('badRequest', `the recipe cannot have the blend '${name}': ${problem.message}`);
  await writeFileAtomic(recipe, text);
}
