import type { EvaluateResult } from '../../protocol/engine/evaluating.ts';
import { reportTable } from '../../report/reportTable.ts';
import { progressLine } from '../console/format.ts';
import type { VerbCall } from '../console/verb.ts';

/** Evaluates, telling how far it is; for people, prints the table and where the report lies. */
export async function evaluateRecipe(
  call: VerbCall,
  params: { recipe: string; sets?: string[] },
): Promise<EvaluateResult> {
  const { terminal, json, engine } = call;
  const result = await engine.request('evaluate', params, {
    onProgress(told) {
      if (told.kind === 'work' && !json) terminal.progress(progressLine(told));
    },
  });
  if (!json) {
    terminal.print(reportTable(result.report));
    terminal.print(`\nreport  ${result.htmlPath}\ndata    ${result.reportPath}`);
  }
  return result;
}
