import * as z from 'zod/mini';
import { keepState, keptState } from '../components/host.ts';

const schema = z.object({
  tab: z.catch(z.enum(['configure', 'runs']), 'configure'),
  /** Whose settings are shown; those of all experts without it. */
  scope: z.catch(z.optional(z.string()), undefined),
  /** Experts that are not to be trained. */
  left: z.catch(z.array(z.string()), []),
  /** Sections that were opened or folded by hand. */
  folded: z.catch(z.record(z.string(), z.boolean()), {}),
  /** The run that is shown; the newest without it. */
  run: z.catch(z.optional(z.string()), undefined),
  /** Runs that are drawn beside it. */
  compared: z.catch(z.array(z.string()), []),
  scroll: z.catch(z.number(), 0),
});

/** What the user has chosen in the view; kept over hiding it and over reloads. */
export type TrainingState = z.infer<typeof schema>;

/** The view is opened anew: nothing was chosen in it yet. */
export const isFirst = keptState() === undefined;

export const state: TrainingState = z.parse(schema, keptState() ?? {});

export function changeState(change: Partial<TrainingState>): void {
  Object.assign(state, change);
  keepState(state);
}
