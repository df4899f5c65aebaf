import { readFile } from 'node:fs/promises';
import { l10n, Uri, window } from 'vscode';
import { scoresText } from '../../text/scores.ts';
import { inNotification } from '../../text/shown.ts';
import { openReportView } from '../report/reportEditor.ts';
import type { Run } from '../runs/run.ts';
import { outcomeText } from '../runs/runText.ts';
import type { Messages } from '../services/messages.ts';

/** Waits until a run ends, while the status bar shows how far it is; then tells what came of it and what comes next. */
export type FollowRun = (run: Run) => Promise<void>;

export interface AfterRun {
  ask(run: Run): Promise<void>;
  evaluate(recipe: Uri): Promise<void>;
}

export function createFollowRun(messages: Messages, after: AfterRun): FollowRun {
  const follow: FollowRun = async run => {
    await run.ended;
    // What fails on another machine is mostly put right there, and the training goes on.
    if (run.state === 'failed')
      return messages.error(run.error, run.on && { [l10n.t('Resume')]: () => follow(run.resume()) });
    const actions = await actionsFor(run, after, follow);
    const told = [outcomeText(run), await scores(run)].filter(Boolean).join(' ');
    const chosen = await window.showInformationMessage(inNotification(told), ...Object.keys(actions));
    if (chosen) await actions[chosen]?.();
  };
  // Nobody waits for a notification: what fails behind it is told here.
  return run => follow(run).catch(messages.error);
}

type Actions = Record<string, () => unknown>;

async function actionsFor(run: Run, { ask, evaluate }: AfterRun, follow: FollowRun): Promise<Actions> {
  if (run.kind === 'train' && run.state !== 'done') return { [l10n.t('Resume')]: () => follow(run.resume()) };
  if (run.state !== 'done') return {};
  const asking = { [run.experts.length === 1 ? l10n.t('Ask It') : l10n.t('Ask the Experts')]: () => ask(run) };
  if (run.kind === 'evaluate') return { [l10n.t('Open Report')]: () => openReport(run), ...asking };
  return (await hasHeldOutSets(run.recipe)) ? { ...asking, [l10n.t('Evaluate')]: () => evaluate(run.recipe) } : asking;
}

/** How good the experts are, after an evaluation whose report can be read. */
async function scores({ kind, state, result }: Run): Promise<string> {
  if (kind !== 'evaluate' || state !== 'done' || !result?.reportPath) return '';
  const { readReport } = await import('../report/readReport.ts');
  return readReport(result.reportPath).then(
    ({ report }) => scoresText(report),
    // Whoever opens it is told what is wrong with it.
    () => '',
  );
}

/** Whether there is something to evaluate on. */
async function hasHeldOutSets({ fsPath }: Uri): Promise<boolean> {
  // The recipe's schema takes longer to load than activation may.
  const { parseRecipe } = await import('../../recipe/parse.ts');
  const { recipe } = parseRecipe(await readFile(fsPath, 'utf8').catch(() => ''));
  return Object.keys(recipe?.evaluation.sets ?? {}).length > 0;
}

export async function openReport({ result }: Run): Promise<void> {
  if (result?.reportPath) await openReportView(Uri.file(result.reportPath));
}
