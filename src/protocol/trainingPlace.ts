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
