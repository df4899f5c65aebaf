import { window } from 'vscode';
import type { Run } from '../runs/run.ts';
import type { Runs } from '../runs/runs.ts';
import { outcomeText } from '../runs/runText.ts';
import type { FollowRun } from './followRun.ts';

/** Milliseconds after which an interrupted training is offered to be resumed, and does not go on by itself. */
const reload = 300_000;

/** Takes up the trainings that this workspace's last window left: at once after a reload, else when the user wants it. */
export async function restoreRuns(runs: Runs, follow: FollowRun): Promise<void> {
  await Promise.all(runs.leftBehind().map(left => left.then(run => run && restore(run, follow))));
}

async function restore(run: Run, follow: FollowRun): Promise<void> {
  if (
    Date.now() - run.updatedAt > reload &&
    (await window.showInformationMessage(outcomeText(run), 'Resume')) !== 'Resume'
  )
    return;
  await follow(run.resume());
}
