import { resolve } from 'node:path';
import type { KeptCheckpoint } from '../../protocol/engine/training.ts';
import { WorkbenchError } from '../../protocol/errors.ts';
import { bytes, count, significant } from '../../text/numbers.ts';
import { columns } from '../console/help.ts';
import type { Verb } from '../console/verb.ts';

export const checkpointsVerb: Verb = {
  name: 'checkpoints',
  summary: "Lists what a training has kept, or makes a checkpoint's factors an expert's adapter.",
  usage: ['RECIPE [RUN]', 'RECIPE [RUN] --promote EXPERT --step N [--best]'],
  options: {
    promote: { value: 'EXPERT', description: 'the expert whose adapter it becomes; the one before is kept' },
    step: { value: 'N', description: 'the checkpoint' },
    best: { description: 'the factors of the lowest validation loss until then' },
  },
  positionals: [1, 2],
  examples: ['my.lora.json', 'my.lora.json --promote math --step 200', 'my.lora.json --promote math --step 200 --best'],

  async run({ args, terminal, json, engine }) {
    const [path, named] = args.positionals as [string, string | undefined];
    const recipe = resolve(path);
    const { run, checkpoints } = await engine.request('checkpoints', { recipe, run: named });
    const expert = args.text('promote');
    if (expert === undefined) {
      if (json) terminal.printJson({ run, checkpoints });
      else for (const line of linesOf(run, checkpoints)) terminal.print(line);
      return 0;
    }
    const step = args.number('step');
    if (run === undefined || step === undefined)
      throw new WorkbenchError(
        'badRequest',
        run === undefined ? 'no run has kept a checkpoint' : 'which checkpoint?',
        run === undefined ? `Run: multi-lora train ${path}` : 'Add --step N.',
      );
    const result = await engine.request('promote', { recipe, run, step, expert, best: args.flag('best') });
    if (json) terminal.printJson(result);
    else {
      terminal.print(result.adapter);
      if (result.previous) terminal.note(`the one before is kept in ${result.previous}`);
    }
    return 0;
  },
};

function linesOf(run: string | undefined, checkpoints: readonly KeptCheckpoint[]): string[] {
  if (run === undefined || checkpoints.length === 0) return ['no checkpoints'];
  const rows = checkpoints.flatMap(({ step, bytes: size, experts }) =>
    experts.map(({ name, trainLoss = Number.NaN, best }, i): [string, string] => [
      i === 0 ? `step ${count(step)}` : '',
      [
        `${name}: loss ${significant(trainLoss)}`,
        ...(best ? [`best validation ${significant(best.loss)} at ${count(best.step)}`] : []),
        ...(i === 0 ? [bytes(size)] : []),
      ].join(', '),
    ]),
  );
  return [`run ${run}`, ...columns(rows)];
}
