import { createHash } from 'node:crypto';
import { readCheckpoint, writeCheckpoint } from '../../experiment/checkpoints.ts';
import { hasInt8Codes } from '../../nn/model/int8Tensors.ts';
import { learningRate } from '../../nn/train/schedule.ts';
import { WorkbenchError } from '../../protocol/errors.ts';
import type { ParameterFit } from './fitParameters.ts';
import type { FitState } from './parameterSession.ts';

/** Where a fit's checkpoint lies, and what the fit is of besides what it is given: base and adapters. */
export interface FitPlace {
  path: string;
  of: string;
}

/** What was minimised at a step, in nats a token. */
export interface FitLoss {
  step: number;
  loss: number;
}

/** How far a fit is. */
export interface FitProgress {
  step: number;
  /** Of those steps of which something is told. */
  losses: FitLoss[];
  state: FitState;
}

/** A hash of everything that the result depends on: a fit goes on as itself alone. `of` says what base and adapters are. */
export function fitFingerprint(of: string, { base, start, group, examples, settings, seed }: ParameterFit): string {
  const isInt8 = hasInt8Codes(base.config, base.tensors);
  const hash = createHash('sha256').update(
    JSON.stringify([of, start.settings, group, settings, seed, ...(isInt8 ? ['int8'] : [])]),
  );
  const owned = [...start.examples.map(example => ({ example, expert: -1 })), ...examples];
  for (const { example, expert } of owned)
    hash.update(`${expert},${example.ids.length};`).update(example.ids).update(example.labels);
  return hash.digest('hex');
}

/** How far a fit was; undefined where it was not begun, or another one was. Throws `badFile`. */
export async function readFit(path: string, fingerprint: string): Promise<FitProgress | undefined> {
  const found = await readCheckpoint(path).catch(error => {
    if (!(error instanceof WorkbenchError) || error.code !== 'badFile') throw error;
    throw new WorkbenchError('badFile', error.message, 'Delete it: the merge then begins anew.');
  });
  if (found?.fingerprint !== fingerprint) return undefined;
  const [state] = [...found.states.values()];
  return { step: found.position.step, losses: found.curves[0]!.train, state: state! };
}

/** Writes how far a fit is, in the form in which trainings do. */
export async function writeFit(
  path: string,
  fingerprint: string,
  { group, settings }: Pick<ParameterFit, 'group' | 'settings'>,
  { step, losses, state }: FitProgress,
): Promise<void> {
  const { name } = group;
  // The order of the data follows from the step.
  const position = { step, data: { epoch: 0, batch: step }, tokens: 0, best: undefined, waited: 0, stopped: false };
  const rate = (at: number) => learningRate(settings, at, settings.steps);
  await writeCheckpoint(path, {
    fingerprint,
    position: { step, experts: { [name]: position } },
    curves: [{ expert: name, train: losses.map(l => ({ ...l, learningRate: rate(l.step) })), validation: [] }],
    states: new Map([[name, { ...state, best: state.parameter }]]),
  });
}
