import { resolve } from 'node:path';
import { WorkbenchError } from '../../protocol/errors.ts';
import { type TrainingForm, trainingForms } from '../../protocol/trainingForm.ts';
import { megabytes, progressLine } from '../console/format.ts';
import type { ExitCode, Verb, VerbCall } from '../console/verb.ts';

const formats = ['peft', 'gguf', 'merged', 'merged-gguf'] as const;
type Format = (typeof formats)[number];
const types = ['F32', 'F16', 'Q8_0', 'Q4_0'] as const;
type Type = (typeof types)[number];

export const exportVerb: Verb = {
  name: 'export',
  summary: 'Writes an expert or a merge for use elsewhere, or a training that runs elsewhere.',
  usage: [
    'RECIPE EXPERT|MERGE --format peft|gguf|merged|merged-gguf [--type F16|Q8_0|Q4_0|F32] --out PATH',
    `RECIPE --to ${trainingForms.join('|')} [--only NAME…] --out FOLDER`,
  ],
  options: {
    format: {
      value: 'F',
      description:
        'peft: an adapter folder; gguf: an adapter for llama.cpp; merged: a full Hugging Face folder; merged-gguf: a full model for llama.cpp and Ollama',
    },
    type: { value: 'T', description: 'what a merged-gguf is stored as: F16 (default), Q8_0, Q4_0, F32' },
    to: {
      value: 'T',
      description:
        'the training of the experts: a script on TRL and PEFT with all that it reads, for Ray, SkyPilot or Hugging Face Jobs too; or files for axolotl or LLaMA-Factory',
    },
    only: { value: 'NAME', list: 'names', description: 'of --to: the training of these experts alone' },
    out: { value: 'PATH', description: 'folder or file to write' },
  },
  positionals: [1, 2],
  examples: [
    'my.lora.json math --format peft --out math-adapter',
    'my.lora.json math --format merged-gguf --type Q8_0 --out math.gguf',
    'my.lora.json --to trl --only math --out math-training',
  ],

  async run(call) {
    const { args, terminal, json, engine } = call;
    const [recipe, expert] = args.positionals as [string, string | undefined];
    const to = args.text('to');
    if (to !== undefined) return exportTraining(call, to);
    if (expert === undefined)
      throw new WorkbenchError(
        'badRequest',
        'which expert or merge?',
        `Name it, or add --to ${trainingForms.join('|')} for the training of the experts.`,
      );
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

async function exportTraining({ args, terminal, json, engine }: VerbCall, to: string): Promise<ExitCode> {
  const [recipe, expert] = args.positionals as [string, string | undefined];
  const out = args.text('out');
  const wrong = (what: string, hint: string) => new WorkbenchError('badRequest', what, hint);
  if (!trainingForms.includes(to as TrainingForm))
    throw wrong(`a training is not exported to '${to}'`, `Write --to ${trainingForms.join('|')}.`);
  for (const other of ['format', 'type'])
    if (args.given(other)) throw wrong(`--${other} is not for a training`, `Leave --${other} or --to out.`);
  if (expert !== undefined) throw wrong(`'${expert}' is one argument too many`, `Write --only ${expert}.`);
  if (out === undefined) throw wrong('where to?', 'Add --out FOLDER.');
  const result = await engine.request(
    'exportTraining',
    { recipe: resolve(recipe), only: args.list('only'), to: to as TrainingForm, out: resolve(out) },
    {
      onProgress(told) {
        if (!json) terminal.progress(progressLine(told));
      },
    },
  );
  if (json) terminal.printJson(result);
  else {
    terminal.print(`${result.folder}  ${result.experts.join(', ')}`);
    for (const note of result.notes) terminal.note(`note: ${note}`);
    terminal.print('In that folder:');
    for (const command of result.commands) terminal.print(`  ${command}`);
  }
  return 0;
}
