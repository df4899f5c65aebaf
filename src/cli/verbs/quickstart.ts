import { resolve } from 'node:path';
import { openExperiment } from '../../experiment/experiment.ts';
import { WorkbenchError } from '../../protocol/errors.ts';
import type { Recipe, RecipeStep } from '../../recipe/schema.ts';
import { namedTarget } from '../../text/target.ts';
import { duration } from '../console/format.ts';
import { exampleRecipe, mediaFolder } from '../console/packagePaths.ts';
import type { Verb, VerbCall } from '../console/verb.ts';
import { answerLine, askPrompt } from './ask.ts';
import { evaluateRecipe } from './eval.ts';
import { mergeLine } from './merge.ts';
import { trainRecipe } from './train.ts';

export const quickstartVerb: Verb = {
  name: 'quickstart',
  summary: "The whole experiment: trains, asks, merges and evaluates, as a recipe's steps say.",
  usage: ['[--recipe R] [--fast]'],
  options: {
    recipe: { value: 'FILE', description: 'another recipe than the shipped one' },
    fast: { description: 'leave out the comparison with one adapter trained on one domain after the other' },
  },
  positionals: [0, 0],
  examples: ['', '--recipe my.lora.json'],

  async run(call) {
    const { args, terminal, json, signal } = call;
    const path = resolve(args.text('recipe') ?? exampleRecipe);
    const { recipe } = await openExperiment(path, mediaFolder);
    if (recipe.steps.length === 0)
      throw new WorkbenchError('badRecipe', `${path} has no steps`, 'Add \'steps\': [{ "do": "train" }, …].');
    const started = performance.now();
    for (const [i, step] of recipe.steps.entries()) {
      if (!json && step.do !== 'note') terminal.print(`\n── ${i + 1}/${recipe.steps.length} ${stepTitle(step)}`);
      const result = await runStep(call, path, recipe, step);
      if (json && result !== undefined) terminal.printJson({ step: i, do: step.do, result });
      if (signal.aborted) return 130;
    }
    if (!json) terminal.note(`done in ${duration((performance.now() - started) / 1000)}`);
    return 0;
  },
};

function stepTitle(step: Exclude<RecipeStep, { do: 'note' }>): string {
  switch (step.do) {
    case 'train':
      return `train ${step.experts?.join(', ') ?? 'all experts'}`;
    case 'ask':
    case 'blend':
      return step.prompt;
    case 'merge':
      return `merge ${step.merge}`;
    case 'evaluate':
      return `evaluate ${step.sets?.join(', ') ?? 'all sets'}`;
  }
}

/** Runs one step and prints it for people; what it returns is for --json. */
async function runStep(call: VerbCall, path: string, recipe: Recipe, step: RecipeStep): Promise<unknown> {
  switch (step.do) {
    case 'note':
      if (!call.json) call.terminal.print(`\n${step.text}`);
      return undefined;
    case 'train':
      return trainStep(call, path, step.experts);
    case 'ask':
      return askStep(call, { recipe: path, prompt: step.prompt, target: namedTarget(step) });
    case 'blend': {
      const answers = [];
      for (const blend of step.blends) {
        if (!call.json) call.terminal.print(`${blend}:`);
        answers.push(
          await askStep(call, { recipe: path, prompt: step.prompt, target: { kind: 'blend', name: blend } }),
        );
      }
      return answers;
    }
    case 'merge': {
      const result = await call.engine.request('merge', { recipe: path, merge: step.merge });
      if (!call.json) call.terminal.print(mergeLine(result));
      return result;
    }
    case 'evaluate': {
      // Named sets are measured without the sequential comparison, which takes as long as all training.
      const fast = call.args.flag('fast') ? Object.keys(recipe.evaluation.sets) : undefined;
      return evaluateRecipe(call, { recipe: path, sets: step.sets ?? fast });
    }
  }
}

async function trainStep(call: VerbCall, recipe: string, only: string[] | undefined) {
  const { terminal, json } = call;
  const result = await trainRecipe(call, { recipe, only, resume: true }).catch(error => {
    if (!(error instanceof WorkbenchError) || error.code !== 'mismatch' || !error.hint?.includes('--resume'))
      throw error;
    terminal.note('the base, the data or the settings have changed since the last training: training anew');
    return trainRecipe(call, { recipe, only, resume: false });
  });
  if (json) return result;
  if (result.steps === 0 && result.finished) terminal.print('trained already, nothing has changed');
  for (const { name, adapter } of result.experts) terminal.print(`${name}  ${adapter}`);
  return result;
}

async function askStep(call: VerbCall, params: Parameters<typeof askPrompt>[1]) {
  const { terminal, json } = call;
  const result = await askPrompt(call, params, json ? undefined : text => terminal.write(text));
  if (!json) terminal.print(`\n${answerLine(result)}`);
  return result;
}
