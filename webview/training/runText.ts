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
export function stateText({ state, progress, isHere }: ShownRun): string {
  const at = progress && progress.total > 0 ? ` at step ${progress.done}` : '';
  switch (state) {
    case 'running':
      return isHere ? 'training' : 'training elsewhere';
    case 'paused':
      return `paused${at}`;
    case 'stopped':
      return `stopped${at}`;
    case 'interrupted':
      return `interrupted${at}`;
    case 'failed':
      return 'failed';
    case 'done':
      return 'trained';
  }
}
