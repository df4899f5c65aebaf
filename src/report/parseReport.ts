import { safeParse } from 'zod/mini';
import { WorkbenchError } from '../protocol/errors.ts';
import type { Report } from '../protocol/report.ts';
import { reportLimits, reportSchema } from '../protocol/report.ts';
import { count } from '../text/numbers.ts';

/**
 * A `report.json` as a report; keys that this version does not know are left out.
 *
 * @param path is named in errors.
 * @throws WorkbenchError `badFile` for text that is not JSON, or not a report, with the place of what does not fit.
 */
export function parseReport(text: string, path: string): Report {
  const { success, data, error } = safeParse(reportSchema, jsonOf(text, path));
  if (success) return withinLimits(data, path);
  const { path: where = [], message = '' } = error.issues[0] ?? {};
  throw new WorkbenchError(
    'badFile',
    `${path} is not a report: ${where.length > 0 ? `'${where.join('.')}' does not fit` : 'it does not fit'} (${message}).`,
    'Reports are written by an evaluation: evaluate a recipe to make one.',
  );
}

/** The table of systems and sets has a cell for each of both, measured or not. */
function withinLimits(report: Report, path: string): Report {
  const systems = new Set(report.scores.map(({ system, kind }) => `${kind} ${system}`)).size;
  const cells = systems * report.sets.length;
  if (cells <= reportLimits.cells) return report;
  throw new WorkbenchError(
    'badFile',
    `${path} is too large to be shown: ${count(systems)} systems on ${count(report.sets.length)} sets; at most ${count(reportLimits.cells)} of both are.`,
    'Evaluate fewer sets at once.',
  );
}

function jsonOf(text: string, path: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new WorkbenchError('badFile', `${path} is not JSON: ${(error as Error).message}.`);
  }
}
