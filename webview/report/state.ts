import * as z from 'zod/mini';
import { viewState } from '../components/viewState.ts';

const text = z.catch(z.string(), '');

const schema = z.object({
  /** Paths of the reports that the view's own is compared with. */
  compared: z.catch(z.array(z.string()), []),
  /** The path of the one whose sections are shown; the view's own where that is not among them. */
  shown: text,
  beyondNoise: z.catch(z.boolean(), false),
  examples: z.catch(z.object({ set: text, system: text, search: text }), { set: '', system: '', search: '' }),
  scroll: z.catch(z.number(), 0),
});

export const { state, changeState } = viewState(schema);
