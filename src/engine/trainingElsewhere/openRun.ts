import { WorkbenchError } from '../../protocol/errors.ts';
import type { TrainingPlace } from '../../protocol/trainingPlace.ts';
import { isPlainCommand, type ParsedPlace, parsePlace, placeForms } from '../../text/trainingPlace.ts';
import type { ElsewhereRun } from './elsewhereRun.ts';
import { rayRun } from './rayRun.ts';
import { sshRun } from './sshRun.ts';

/** What is opened at a place. */
export interface OpenRunOptions {
  /** Of the job there: characters of `jobName` alone. */
  id: string;
  expert: string;
  baseHash: string;
  /** The folder of the job here. */
  job(): string;
}

/** Throws `badRequest` for what names no place, and for a program that a shell would read otherwise. */
export function checkedPlace({ place, python }: TrainingPlace): ParsedPlace {
  const parsed = parsePlace(place);
  if (!parsed) throw new WorkbenchError('badRequest', `'${place}' is no place to train on`, placeForms);
  if (python !== undefined && !isPlainCommand(python))
    throw new WorkbenchError(
      'badRequest',
      `'${python}' is no plain command`,
      'Name a program, such as venv/bin/python.',
    );
  return parsed;
}

/** A name as a folder of another machine is called: no shell reads anything into it. */
export function jobName(name: string): string {
  return name.replace(/[^\w-]+/g, '-').slice(0, 40) || 'recipe';
}

export function openRun(place: ParsedPlace, { python, workers }: TrainingPlace, job: OpenRunOptions): ElsewhereRun {
  if (place.kind === 'ray') return rayRun({ ...job, address: place.address, python, workers });
  return sshRun({ ...job, host: place.host, folder: place.folder, python });
}
