import { resolve } from 'node:path';
import { WorkbenchError } from '../../protocol/errors.ts';
import { megabytes } from '../console/format.ts';
import type { Verb } from '../console/verb.ts';

const formats = ['peft', 'gguf', 'merged'] as const;
type Format = (typeof formats)[number];

export const exportVerb: Verb = {
  name: 'export',
  summary: 'Writes an expert for use elsewhere.',
  usage: ['RECIPE EXPERT --format peft|gguf|merged --out PATH'],
  options: {
    format: {
      value: 'F',
      description: 'peft: an adapter folder; gguf: an adapter for llama.cpp; merged: a full Hugging Face folder',
    },
    out: { value: 'PATH', description: 'folder or file to write' },
  },
  positionals: [2, 2],
  examples: ['my.lora.json math --format peft --out math-adapter', 'my.lora.json math --format gguf --out math.gguf'],

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
    const result = await engine.request('export', {
      recipe: resolve(recipe),
      expert,
      format: format as Format,
      out: resolve(out),
    });
    if (json) terminal.printJson(result);
    else terminal.print(`${result.path}  ${megabytes(result.bytes)}`);
    return 0;
  },
};
