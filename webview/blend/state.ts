import * as z from 'zod/mini';
import { viewState } from '../components/viewState.ts';

const weights = z.record(z.string(), z.number());

const pane = z.object({
  /** The preset that its weights are, `own` where they were moved. */
  preset: z.string(),
  weights,
  locked: z.array(z.string()),
});

const firstPanes = [
  { preset: 'router', weights: {}, locked: [] },
  { preset: 'equal', weights: {}, locked: [] },
];

const schema = z.object({
  prompt: z.catch(z.string(), ''),
  panes: z.catch(z.array(pane).check(z.minLength(1), z.maxLength(3)), firstPanes),
  normalise: z.catch(z.boolean(), true),
  negative: z.catch(z.boolean(), false),
  /** Whether is shown which expert pulled each token. */
  explain: z.catch(z.boolean(), false),
  /** As the recipe has it, until it is changed. */
  decoding: z.catch(z.optional(z.object({ seed: z.int(), temperature: z.number(), maxTokens: z.int() })), undefined),
  merge: z.catch(
    z.object({
      pane: z.int(),
      method: z.string(),
      density: z.number(),
      rank: z.optional(z.int()),
      /** Whether methods that are fitted to data are compared too. */
      fitted: z.boolean(),
    }),
    { pane: 0, method: 'cat', density: 0.5, fitted: false },
  ),
  scroll: z.catch(z.number(), 0),
});

export type PaneState = z.infer<typeof pane>;

export const { state, changeState } = viewState(schema);
