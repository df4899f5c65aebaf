import * as z from 'zod/mini';
import { viewState } from '../components/viewState.ts';

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

export const { state, changeState, isFirst } = viewState(schema);
