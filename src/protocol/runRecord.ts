/**
 * `paused` and `stopped`: by the user, with a checkpoint on disk; `interrupted`: its engine ended, it can go on from the
 * last one. All three can be resumed: a run that is paused is meant to be.
 */
export const runStates = ['running', 'paused', 'stopped', 'interrupted', 'done', 'failed'] as const;
export type RunState = (typeof runStates)[number];
export type RunKind = 'train' | 'evaluate';

/**
 * What an engine tells of a run and keeps in `history/ID` of the run folder, for other engines and later sessions:
 * this as `run.json`, every training event as a line of `events.jsonl`.
 */
export interface RunRecord {
  id: string;
  kind: RunKind;
  /** The recipe's path. As all paths it is absolute here, and in the file relative to the record's folder. */
  recipe: string;
  /** The experts that are trained. */
  experts: string[];
  /** The held-out sets that are evaluated; all of the recipe without it. */
  sets?: string[];
  state: RunState;
  /** The engine that runs it. */
  pid: number;
  /** Milliseconds since 1970; `updatedAt` moves on while the engine lives. */
  startedAt: number;
  updatedAt: number;
  progress?: RunProgress;
  /** Why it failed. */
  message?: string;
  result?: RunResult;
}

export interface RunProgress {
  message: string;
  done: number;
  /** 0 where it is not known. */
  total: number;
}

export interface RunResult {
  /** Of a training. */
  adapters?: { name: string; adapter: string }[];
  /** Of an evaluation. */
  reportPath?: string;
  htmlPath?: string;
}

/** What a `stop` file says. */
export type StopWish = 'stop' | 'pause';

/** A new run's identity: the order of identities is that of time. */
export function runId(now: Date, pid: number): string {
  return `${now.toISOString().replace(/\D/g, '')}-${pid}`;
}

const kinds: readonly string[] = ['train', 'evaluate'] satisfies RunKind[];
const states: readonly string[] = runStates;

/** Reads a record's file; undefined where it is none. */
export function parseRunRecord(text: string): RunRecord | undefined {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return undefined;
  }
  const r = json as RunRecord | null;
  const isRecord =
    typeof r === 'object' &&
    r !== null &&
    kinds.includes(r.kind) &&
    states.includes(r.state) &&
    [r.id, r.recipe].every(value => typeof value === 'string') &&
    [r.pid, r.startedAt, r.updatedAt].every(value => typeof value === 'number') &&
    [r.experts, r.sets ?? []].every(list => Array.isArray(list) && list.every(name => typeof name === 'string'));
  return isRecord ? r : undefined;
}

/** A training that has not come to its end. */
export function canResume({ kind, state }: Pick<RunRecord, 'kind' | 'state'>): boolean {
  return kind === 'train' && state !== 'running' && state !== 'done';
}
