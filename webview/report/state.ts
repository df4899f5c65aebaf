import * as z from 'zod/mini';
import { keepState, keptState } from '../components/host.ts';

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

/** What the user has chosen in the view; kept over hiding it and over reloads. */
export type ViewState = z.infer<typeof schema>;

/** As it was kept, or as it is at first where nothing or something else was. */
export const state: ViewState = z.parse(schema, keptState() ?? {});

export function changeState(change: Partial<ViewState>): void {
  keepState(Object.assign(state, change));
}
