import { encodeSafetensors } from '../core/files/safetensors.ts';
import type { RunPosition } from '../core/train/trainLoop.ts';
import { WorkbenchError } from '../shared/errors.ts';
import type { ReportCurve } from '../shared/report.ts';
import { readSafetensors } from './adapterFiles.ts';
import { writeFileAtomic } from './store.ts';
import type { ExpertState } from './trainBackend.ts';

/** Everything from which a run goes on as if it had never stopped. */
export interface Checkpoint {
  /** Hash of base, data and settings: a run is only resumed as the same run. */
  fingerprint: string;
  position: RunPosition;
  curves: ReportCurve[];
  states: Map<string, ExpertState>;
}

const parts = ['parameter', 'm', 'v', 'best'] as const;

/** Writes a checkpoint as one safetensors file, whole or not at all. */
export async function writeCheckpoint(
  path: string,
  { fingerprint, position, curves, states }: Checkpoint,
): Promise<void> {
  const tensors = [...states].flatMap(([name, state]) =>
    parts.map(part => ({
      name: `${name}.${part}`,
      dtype: 'F32' as const,
      shape: [state[part].length],
      data: state[part],
    })),
  );
  const metadata = { fingerprint, position: JSON.stringify(position), curves: JSON.stringify(curves) };
  await writeFileAtomic(path, encodeSafetensors(tensors, metadata));
}

/** Reads a checkpoint; undefined when there is none. Throws `badFile`, or `mismatch` when it is of another run. */
export async function readCheckpoint(path: string, fingerprint: string): Promise<Checkpoint | undefined> {
  const file = await readSafetensors(path, 'the checkpoint').catch(error => {
    if (!(error instanceof WorkbenchError)) throw error;
    if (error.code === 'notFound') return undefined;
    throw error.code === 'badFile'
      ? new WorkbenchError('badFile', error.message, 'Train anew without --resume.')
      : error;
  });
  if (!file) return undefined;
  if (file.metadata.fingerprint !== fingerprint)
    throw new WorkbenchError(
      'mismatch',
      `${path} is of a run with another base, other data or other settings`,
      'Restore them, or train anew without --resume.',
    );
  const states = new Map<string, ExpertState>();
  const position = JSON.parse(file.metadata.position!) as RunPosition;
  for (const name of Object.keys(position.experts)) {
    const state = Object.fromEntries(
      parts.map(part => {
        const tensor = file.tensors.get(`${name}.${part}`);
        if (!tensor)
          throw new WorkbenchError(
            'badFile',
            `${path} lacks the tensor '${name}.${part}'`,
            'Train anew without --resume.',
          );
        return [part, tensor.data];
      }),
    );
    states.set(name, state as unknown as ExpertState);
  }
  return { fingerprint, position, curves: JSON.parse(file.metadata.curves!) as ReportCurve[], states };
}
