import type { RunState } from '../../protocol/runState.ts';
import { duration } from '../../text/numbers.ts';
import { inMarkdown } from '../../text/shown.ts';
import type { Run } from '../runs/run.ts';
import { percentDone, progressText, recipeName, runTitle } from '../runs/runText.ts';
import { joined, type TreeRow } from './treeRow.ts';

const looks: Record<RunState, { icon: string; colour?: string }> = {
  running: { icon: 'loading~spin' },
  done: { icon: 'pass', colour: 'testing.iconPassed' },
  paused: { icon: 'debug-pause' },
  stopped: { icon: 'debug-stop' },
  interrupted: { icon: 'warning', colour: 'list.warningForeground' },
  failed: { icon: 'error', colour: 'list.errorForeground' },
};

/** The runs of a workspace, those that are under way first; `now` in milliseconds since 1970, `canGoOn` where it can be resumed. */
export function runRows(runs: readonly Run[], now: number, canGoOn: (run: Run) => boolean): TreeRow<Run>[] {
  const running = runs.filter(run => run.state === 'running');
  const ended = runs.filter(run => run.state !== 'running');
  return [...running, ...ended].map(run => runRow(run, now, canGoOn(run)));
}

function runRow(run: Run, now: number, isResumable: boolean): TreeRow<Run> {
  const { id, kind, state, startedAt, updatedAt } = run;
  const isRunning = state === 'running';
  const took = duration((updatedAt - startedAt) / 1000);
  const label = runTitle(run);
  const figures = isRunning ? progressText(run) : '';
  const description = isRunning
    ? joined(percentDone(run), figures, !run.isHere && 'in another window')
    : joined(state, moment(startedAt, now), took);
  return {
    id,
    label,
    description,
    tooltip: [
      `**${inMarkdown(label)}**: ${isRunning ? inMarkdown(figures) : state}`,
      `Recipe: ${inMarkdown(recipeName(run.recipe))}`,
      `Begun ${new Date(startedAt).toLocaleString()}${isRunning ? '' : `, took ${took}`}`,
      ...(run.progress && kind === 'train' && run.progress.total > 0 && !isRunning
        ? [`Step ${run.progress.done} of ${run.progress.total}`]
        : []),
      ...(run.message ? [inMarkdown(run.message)] : []),
    ],
    ...looks[state],
    context: [
      'run',
      kind,
      isRunning ? 'running' : 'ended',
      ...(isResumable ? ['resumable'] : []),
      ...(run.result?.reportPath ? ['report'] : []),
    ],
    spoken: `${label}, ${isRunning ? `running, ${figures}` : description.replaceAll(' · ', ', ')}`,
    about: run,
  };
}

/** The time of today, the day and time of any other day. */
function moment(at: number, now: number): string {
  const [then, today] = [new Date(at), new Date(now)];
  const time = then.toLocaleTimeString([], { hour: '2-digit', minute: '2-digit' });
  return then.toDateString() === today.toDateString()
    ? time
    : `${then.toLocaleDateString([], { day: 'numeric', month: 'short' })} ${time}`;
}
