import type { TrainingPlace } from '../protocol/trainingPlace.ts';

/** A place, taken apart. */
export type ParsedPlace = { kind: 'ssh'; host: string; folder: string } | { kind: 'ray'; address: string };

/** Where jobs lie on another machine, from the home folder, where nothing else is said. */
const jobsFolder = 'multi-lora';

/** A place as it is written; undefined for what names none. Nothing in it means anything to a shell. */
export function parsePlace(text: string): ParsedPlace | undefined {
  const [, host, folder = jobsFolder] = /^ssh:((?:[\w.-]+@)?[\w][\w.-]*)(?::([\w./~][\w./~-]*))?$/.exec(text) ?? [];
  if (host) return { kind: 'ssh', host, folder };
  const [, address] = /^ray:((?:https?:\/\/)?[\w.-]+(?::\d+)?)\/?$/.exec(text) ?? [];
  if (!address) return undefined;
  return { kind: 'ray', address: address.includes('://') ? address : `http://${address}` };
}

/** A place as it is called in a line of text: its host, a cluster's with the port. */
export function placeName({ place }: TrainingPlace): string {
  const parsed = parsePlace(place);
  if (parsed?.kind === 'ssh') return parsed.host;
  return parsed?.address.replace(/^https?:\/\//, '') ?? place;
}

/** How a place is written, for messages. */
export const placeForms = 'Write ssh:HOST, ssh:HOST:FOLDER, or ray:HOST:8265.';

/** Whether a command is a program with plain arguments, which no shell reads otherwise. */
export function isPlainCommand(text: string): boolean {
  return /^[\w./~][\w./~ =-]*$/.test(text);
}
