import { basename, resolve } from 'node:path';
import type { Verb } from '../console/verb.ts';
import { eventLines } from './train.ts';

export const importVerb: Verb = {
  name: 'import',
  summary: 'Makes what an exported training has written elsewhere a run of the recipe, with its adapter.',
  usage: ['RECIPE FOLDER [--only NAME] [--follow]'],
  options: {
    only: {
      value: 'NAME',
      list: 'names',
      description: 'the expert that was trained; as the folder is called without it',
    },
    follow: { description: 'wait for the end of a training that goes on, and show it meanwhile' },
  },
  positionals: [2, 2],
  examples: ['my.lora.json math-training/results/math', 'my.lora.json results/math --follow'],

  async run(call) {
    const { args, terminal, json, engine } = call;
    const [recipe, folder] = args.positionals as [string, string];
    const [expert = basename(resolve(folder))] = args.list('only') ?? [];
    const { finished, experts } = await engine.request(
      'importRun',
      { recipe: resolve(recipe), folder: resolve(folder), expert, follow: args.flag('follow') },
      { onProgress: eventLines(call) },
    );
    if (!finished) {
      terminal.note('The training has not come to its end; what it has told so far is in the history.');
      return 130;
    }
    if (!json) for (const { name, adapter } of experts) terminal.print(`${name}  ${adapter}`);
    return 0;
  },
};
