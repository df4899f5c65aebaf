import { readFile } from 'node:fs/promises';
import { Uri, workspace } from 'vscode';
import { WorkbenchError } from '../../protocol/errors.ts';
import type { Report } from '../../protocol/report.ts';
import type { Lab } from '../../protocol/views/blend.ts';
import { parseRecipe } from '../../recipe/parse.ts';
import { generationSettingsOf } from '../../recipe/settings.ts';
import { readReport } from '../report/readReport.ts';
import type { Runs } from '../runs/runs.ts';
import type { HostEngine } from '../services/hostEngine.ts';
import { decodingSettings } from '../services/settings.ts';
import { labOf } from './labOf.ts';

/** What a recipe's lab shows, from the recipe and its last report. Throws `badRecipe`. */
export async function loadLab(engine: HostEngine, runs: Runs, path: string, opened: string | undefined): Promise<Lab> {
  const described = await engine.request('describe', { recipe: path });
  const { recipe } = parseRecipe(await readFile(path, 'utf8'));
  if (!recipe) throw new WorkbenchError('badRecipe', `${path} has problems.`, 'Open it: they are marked in its text.');
  return {
    ...labOf(described, recipe, await lastReport(runs, path)),
    recipe: workspace.asRelativePath(path),
    decoding: { ...generationSettingsOf(recipe), ...decodingSettings() },
    opened,
  };
}

/** The report of the recipe's last evaluation; undefined where there is none that can be read. */
async function lastReport(runs: Runs, path: string): Promise<Report | undefined> {
  await runs.found();
  const reportPath = runs.of(Uri.file(path)).find(run => run.result?.reportPath)?.result?.reportPath;
  // Without its scores the lab does all else: whoever opens the report is told what is wrong with it.
  const opened = reportPath && (await readReport(reportPath).catch(() => undefined));
  return opened ? opened.report : undefined;
}
