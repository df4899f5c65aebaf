import { resolve } from 'node:path';
import { WorkbenchError } from '../../protocol/errors.ts';
import type { Verb } from '../console/verb.ts';
import { trainRecipe } from '../steps/trainRecipe.ts';

export const trainVerb: Verb = {
  name: 'train',
  summary: "Trains a recipe's experts together on one frozen base.",
  usage: ['RECIPE [--only NAME…] [--resume]', 'RECIPE [--only NAME…] --from RUN:STEP'],
  options: {
    only: { value: 'NAME', list: 'names', description: 'train these experts alone' },
    resume: { description: 'go on from the last checkpoint, where there is one' },
    from: { value: 'RUN:STEP', description: 'begin with a checkpoint that another run has kept (see checkpoints)' },
  },
  positionals: [1, 1],
  examples: ['examples/experts/experts.lora.json', 'my.lora.json --only math code', 'my.lora.json --resume --json'],

  async run(call) {
    const { args, terminal, json } = call;
    const recipe = args.positionals[0]!;
    const result = await trainRecipe(call, {
      recipe: resolve(recipe),
      only: args.list('only'),
      resume: args.flag('resume'),
      from: checkpointNamed(args.text('from')),
    });
    if (!result.finished) {
      terminal.note(`Go on with: multi-lora train ${recipe} --resume`);
      return 130;
    }
    if (json) return 0;
    if (result.steps === 0) terminal.note('trained already, nothing has changed');
    for (const { name, adapter } of result.experts) terminal.print(`${name}  ${adapter}`);
    return 0;
  },
};

/** Throws `badRequest` for what names no checkpoint. */
function checkpointNamed(text: string | undefined): { run: string; step: number } | undefined {
  if (text === undefined) return undefined;
  const [, run, step] = /^([\w-]+):(\d+)$/.exec(text) ?? [];
  if (run && step) return { run, step: Number(step) };
  throw new WorkbenchError('badRequest', `'${text}' names no checkpoint`, 'Write RUN:STEP, as checkpoints lists them.');
}
