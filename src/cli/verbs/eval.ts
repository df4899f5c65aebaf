import { resolve } from 'node:path';
import type { EvaluateResult, MinimumCheck } from '../../protocol/engine/evaluating.ts';
import { WorkbenchError } from '../../protocol/errors.ts';
import { reportText } from '../../report/reportText.ts';
import { interval, percent } from '../../text/numbers.ts';
import { progressLine } from '../console/format.ts';
import type { ExitCode, Verb, VerbCall } from '../console/verb.ts';

interface Meant {
  recipe: string;
  sets?: string[];
  engines?: string[];
}

export const evalVerb: Verb = {
  name: 'eval',
  summary:
    'Measures experts, router, blends, merges and forgetting on held-out data; writes the report; fails below a minimum.',
  usage: ['RECIPE [--set NAME…] [--engine NAME…]', 'RECIPE --gates [--set NAME…]'],
  options: {
    set: { value: 'NAME', list: 'names', description: 'measure these sets alone' },
    engine: { value: 'NAME', list: 'names', description: 'measure these engines of the recipe beside this machine' },
    gates: { description: 'measure only what the recipe sets a minimum for, and write no report' },
  },
  positionals: [1, 1],
  examples: ['examples/experts/experts.lora.json', 'my.lora.json --set math --json', 'my.lora.json --gates'],

  async run(call) {
    const { args } = call;
    const meant = { recipe: resolve(args.positionals[0]!), sets: args.list('set') };
    const engines = args.list('engine');
    if (!args.flag('gates')) return evaluate(call, { ...meant, engines });
    if (engines) throw new WorkbenchError('badRequest', 'minimums are measured on this machine; leave --engine out');
    return measureMinima(call, meant);
  },
};

/** Everything, with the report. */
async function evaluate(call: VerbCall, meant: Meant): Promise<ExitCode> {
  const result = await evaluateRecipe(call, meant);
  return tell(call, result);
}

/** Only what has a minimum: made for a check before every merge of a branch. */
async function measureMinima(call: VerbCall, meant: Meant): Promise<ExitCode> {
  const { engine, terminal, json } = call;
  const result = await engine.request('measure', meant, {
    onProgress(told) {
      if (!json) terminal.progress(progressLine(told));
    },
  });
  return tell(call, result);
}

function tell({ terminal, json }: VerbCall, result: Pick<EvaluateResult, 'gates' | 'problems'>): ExitCode {
  for (const { message } of result.problems) terminal.note(`note: ${message}`);
  if (json) terminal.printJson(result);
  else for (const line of minimumLines(result.gates)) terminal.print(line);
  return result.gates.every(check => check.isPassed) ? 0 : 1;
}

/** Evaluates, telling how far it is; for people, prints the table and where the report lies. */
export async function evaluateRecipe(call: VerbCall, params: Meant): Promise<EvaluateResult> {
  const { terminal, json, engine } = call;
  const result = await engine.request('evaluate', params, {
    onProgress(told) {
      if (told.kind === 'work' && !json) terminal.progress(progressLine(told));
    },
  });
  if (!json) {
    terminal.print(reportText(result.report));
    terminal.print(`\nreport  ${result.htmlPath}\ndata    ${result.reportPath}`);
  }
  return result;
}

/** A line for each minimum of a recipe: what was measured, and whether that is enough. */
function minimumLines(checks: readonly MinimumCheck[]): string[] {
  return checks.map(({ set, system, minimum, score, isPassed }) => {
    const measured = score
      ? `${percent(score.correct / score.total)} (${interval(score)}; ${score.correct} of ${score.total})`
      : 'not measured';
    return `${isPassed ? 'passed' : 'FAILED'}  ${system} on ${set}: ${measured}, minimum ${percent(minimum)}`;
  });
}
