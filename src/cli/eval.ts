import { resolve } from 'node:path';
import { evaluateRecipe } from './evaluateRecipe.ts';
import type { Verb } from './verb.ts';

export const evalVerb: Verb = {
  name: 'eval',
  summary: 'Measures experts, router, blends, merges and forgetting on held-out data; writes the report.',
  usage: ['RECIPE [--set NAME…]'],
  options: { set: { value: 'NAME', list: 'names', description: 'measure these sets alone' } },
  positionals: [1, 1],
  examples: ['examples/experts/experts.lora.json', 'my.lora.json --set math --json'],

  async run(call) {
    const { args, terminal, json } = call;
    const result = await evaluateRecipe(call, { recipe: resolve(args.positionals[0]!), sets: args.list('set') });
    if (json) terminal.print(JSON.stringify(result));
    return 0;
  },
};
