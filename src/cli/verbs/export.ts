import { resolve } from 'node:path';
import { WorkbenchError } from '../../protocol/errors.ts';
import { megabytes } from '../console/format.ts';
import type { Verb } from '../console/verb.ts';

const formats = ['peft', 'gguf', 'merged', 'merged-gguf'] as const;
type Format = (typeof formats)[number];
const types = ['F32', 'F16', 'Q8_0', 'Q4_0'] as const;
type Type = (typeof types)[number];

export const exportVerb: Verb = {
  name: 'export',
  summary: 'Writes an expert or a merge for use elsewhere.',
  usage: ['RECIPE EXPERT|MERGE --format peft|gguf|merged|merged-gguf [--type F16|Q8_0|Q4_0|F32] --out PATH'],
  options: {
    format: {
      value: 'F',
      description:
        'peft: an adapter folder; gguf: an adapter for llama.cpp; merged: a full Hugging Face folder; merged-gguf: a full model for llama.cpp and Ollama',
    },
    type: { value: 'T', description: 'what a merged-gguf is stored as: F16 (default), Q8_0, Q4_0, F32' },
    out: { value: 'PATH', description: 'folder or file to write' },
  },
  positionals: [2, 2],
  examples: [
    'my.lora.json math --format peft --out math-adapter',
    'my.lora.json math --format merged-gguf --type Q8_0 --out math.gguf',
  ],

  async run({ args, terminal, json, engine }) {
    const [recipe, expert] = args.positionals as [string, string];
    const format = args.text('format');
    const out = args.text('out');
    if (!formats.includes(format as Format))
      throw new WorkbenchError(
        'badRequest',
        format === undefined ? 'which format?' : `there is no format '${format}'`,
        `Add --format ${formats.join('|')}.`,
      );
    if (out === undefined) throw new WorkbenchError('badRequest', 'where to?', 'Add --out PATH.');
    const type = args.text('type')?.toUpperCase();
    if (type !== undefined && !types.includes(type as Type))
      throw new WorkbenchError('badRequest', `there is no type '${type}'`, `Add --type ${types.join('|')}.`);
    if (type !== undefined && format !== 'merged-gguf')
      throw new WorkbenchError('badRequest', `a type is of --format merged-gguf alone`, 'Leave --type out.');
    const result = await engine.request(
      'export',
      {
        recipe: resolve(recipe),
        expert,
        format: format as Format,
        ...(type !== undefined && { type: type as Type }),
        out: resolve(out),
      },
      {
        onProgress({ message, done, total }) {
          if (!json) terminal.progress(`${message}  ${done}/${total}`);
        },
      },
    );
    if (json) terminal.printJson(result);
    else {
      terminal.print(`${result.path}  ${megabytes(result.bytes)}`);
      if (result.modelfile) terminal.print(`${result.modelfile}  for: ollama create NAME -f ${result.modelfile}`);
    }
    return 0;
  },
};
