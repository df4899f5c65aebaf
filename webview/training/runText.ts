import type { ShownRun } from '../../src/protocol/views/training.ts';
import { listing } from '../../src/text/numbers.ts';

/** `14:05`, with the day where it is another one. */
export function timeText(milliseconds: number, now = new Date()): string {
  const time = new Date(milliseconds);
  const clock = time.toLocaleTimeString(undefined, { hour: '2-digit', minute: '2-digit' });
  const isToday = time.toDateString() === now.toDateString();
  return isToday ? clock : `${time.toLocaleDateString(undefined, { month: 'short', day: 'numeric' })} ${clock}`;
}

export function expertsText({ experts }: ShownRun): string {
  return listing(experts) || 'all experts';
}

/** How it stands, in a word or two. */
export function stateText({ state, progress, isHere, on }: ShownRun): string {
  const there = on ? ` on ${on}` : '';
  const at = progress && progress.total > 0 ? ` at step ${progress.done}` : '';
  switch (state) {
    case 'running':
      return on ? `training${there}` : isHere ? 'training' : 'training elsewhere';
    case 'paused':
      return `paused${there}${at}`;
    case 'stopped':
      return `stopped${there}${at}`;
    case 'interrupted':
      return `interrupted${there}${at}`;
    case 'failed':
      return `failed${there}`;
    case 'done':
      return `trained${there}`;
  }
}

/** What tells a run from the one that it is compared with. */
export function labelOf(run: ShownRun, chosen: ShownRun): string {
  const isSame = expertsText(run) === expertsText(chosen);
  return isSame ? timeText(run.startedAt) : `${timeText(run.startedAt)} ${expertsText(run)}`;
}

/** What its state means for its user. */
export function sentenceOf(run: ShownRun): string {
  const since = `Begun ${timeText(run.startedAt)}.`;
  switch (run.state) {
    case 'running':
      if (run.on) return `${since} It runs on ${run.on}, and goes on there when this window is closed.`;
      return `${since} ${run.isHere ? 'It goes on when this view is closed.' : 'It runs in another window or program.'}`;
    case 'paused':
      return `${stateSentence(run)} Its checkpoint is on disk and its memory is free; Resume goes on from there.`;
    case 'stopped':
    case 'interrupted':
      return `${stateSentence(run)} It can go on from its last checkpoint.`;
    case 'failed':
      return since;
    case 'done':
      return `${since} Its experts can be asked, blended and evaluated.`;
  }
}

function stateSentence(run: ShownRun): string {
  const text = stateText(run);
  return `${text[0]!.toUpperCase()}${text.slice(1)}.`;
}
