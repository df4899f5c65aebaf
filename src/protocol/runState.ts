/**
 * How a run stands. `paused` and `stopped`: by the user, with a checkpoint on disk; `interrupted`: its engine ended, it
 * can go on from the last one. All three can be resumed: a run that is paused is meant to be.
 */
export const runStates = ['running', 'paused', 'stopped', 'interrupted', 'done', 'failed'] as const;
export type RunState = (typeof runStates)[number];

export const runKinds = ['train', 'evaluate'] as const;
export type RunKind = (typeof runKinds)[number];

/** What a `stop` file says. */
export type StopWish = 'stop' | 'pause';

/** A new run's identity: the order of identities is that of time. */
export function runId(now: Date, pid: number): string {
  return `${now.toISOString().replace(/\D/g, '')}-${pid}`;
}

/** A training that has not come to its end. */
export function canResume({ kind, state }: { kind: RunKind; state: RunState }): boolean {
  return kind === 'train' && state !== 'running' && state !== 'done';
}
