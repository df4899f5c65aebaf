import { readFile } from 'node:fs/promises';
import { ProgressLocation, Uri, window } from 'vscode';
import { inNotification } from '../../text/shown.ts';
import { openReportView } from '../report/reportEditor.ts';
import type { Run } from '../runs/run.ts';
import type { Runs } from '../runs/runs.ts';
import { outcomeText, progressText, runTitle } from '../runs/runText.ts';
import type { Messages } from '../services/messages.ts';

/** Shows a run in a notification with a cancel, until it ends; then what came of it and what can be done with that. */
export type FollowRun = (run: Run) => Promise<void>;

export interface AfterRun {
  ask(run: Run): Promise<void>;
  evaluate(recipe: Uri): Promise<void>;
}

export function createFollowRun(runs: Runs, messages: Messages, after: AfterRun): FollowRun {
  const follow: FollowRun = async run => {
    await showProgress(runs, run);
    if (run.state === 'failed') return messages.error(run.error);
    const actions = await actionsFor(run, after, follow);
    const chosen = await window.showInformationMessage(inNotification(outcomeText(run)), ...Object.keys(actions));
    if (chosen) await actions[chosen]?.();
  };
  // Nobody waits for a notification: what fails behind it is told here.
  return run => follow(run).catch(messages.error);
}

async function showProgress(runs: Runs, run: Run): Promise<void> {
  const options = { location: ProgressLocation.Notification, title: `Multi-LoRA: ${runTitle(run)}`, cancellable: true };
  await window.withProgress(options, async (progress, token) => {
    let shown = 0;
    token.onCancellationRequested(() => void run.stop());
    const show = () => {
      const { done = 0, total = 0 } = run.progress ?? {};
      const percent = total > 0 ? (100 * done) / total : 0;
      progress.report({ message: progressText(run), increment: Math.max(0, percent - shown) });
      shown = Math.max(shown, percent);
    };
    show();
    const listener = runs.onDidChange(changed => changed.id === run.id && show());
    await run.ended;
    listener.dispose();
  });
}

type Actions = Record<string, () => unknown>;

async function actionsFor(run: Run, { ask, evaluate }: AfterRun, follow: FollowRun): Promise<Actions> {
  if (run.kind === 'train' && run.state !== 'done') return { Resume: () => follow(run.resume()) };
  if (run.state !== 'done') return {};
  const asking = { 'Ask It': () => ask(run) };
  if (run.kind === 'evaluate') return { 'Open Report': () => openReport(run), ...asking };
  return (await hasHeldOutSets(run.recipe)) ? { ...asking, Evaluate: () => evaluate(run.recipe) } : asking;
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
