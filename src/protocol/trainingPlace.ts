import * as z from 'zod/mini';

/** Where a training goes on that does not go on here. */
export const trainingPlace = z.object({
  /** `ssh:HOST`, `ssh:HOST:FOLDER`, or `ray:ADDRESS` of Ray's dashboard. */
  place: z.string(),
  /** What runs the script there, such as `venv/bin/python`; uv where it is there, else python3. */
  python: z.optional(z.string()),
  /** Workers of Ray among which the rows of each batch are parted. */
  workers: z.optional(z.int().check(z.minimum(1))),
});

export type TrainingPlace = z.infer<typeof trainingPlace>;

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

/** Whether a command is a program with plain arguments, which no shell reads otherwise. */
export function isPlainCommand(text: string): boolean {
  return /^[\w./~][\w./~ =-]*$/.test(text);
}
