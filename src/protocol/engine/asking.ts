import * as z from 'zod/mini';
import type { Exchange } from '../contract.ts';
import { routeSchema } from '../route.ts';
import { targetSchema, weightsSchema } from '../target.ts';
import { answeringEngine, source, workProgress } from './source.ts';

const turn = z.object({ role: z.enum(['system', 'user', 'assistant']), content: z.string() });

const finish = z.enum(['stop', 'length', 'cancelled', 'context', 'repeats']);

/** What holds for every prompt of a request. */
const asking = {
  ...source,
  ...answeringEngine,
  target: targetSchema,
  /** Decoding settings over those of the recipe. */
  settings: z.optional(z.record(z.string(), z.unknown())),
};

const askResult = z.object({
  text: z.string(),
  finish,
  /** The engine elsewhere that answered; undefined where this machine did. */
  engine: z.optional(z.string()),
  /** Weights that were used; empty for the base alone, and where token gates chose, the mean over the prompt's tokens. */
  weights: weightsSchema,
  route: z.optional(routeSchema),
  promptTokens: z.int(),
  answerTokens: z.int(),
  timings: z.object({ routeMs: z.number(), prefillMs: z.number(), decodeMs: z.number() }),
});

const nextToken = z.object({
  /** Of the token that stands there. */
  probability: z.number(),
  /** KL(this ‖ base) of the two distributions of the next token, in nats. */
  kl: z.number(),
  /** The text of the most probable token. */
  top: z.string(),
});

const explainedToken = z.object({
  text: z.string(),
  base: nextToken,
  blend: nextToken,
  /** Each expert alone, with its weight in the blend; in the order of `experts`. */
  experts: z.array(nextToken),
});

export const askingRequests = {
  ask: {
    params: z.object({
      ...asking,
      /** The turns before the prompt, oldest first; the router reads the user's newest one that says something. */
      history: z.optional(z.array(turn)),
      prompt: z.string(),
      /**
       * What goes with the prompt: put before it in this order, cut at the ends of lines to what the base's window holds
       * beside the answer, then as many turns of the history as there is room for, the newest first. Without it prompt
       * and history go as they are.
       */
      context: z.optional(z.array(z.object({ label: z.string(), text: z.string() }))),
    }),
    progress: z.discriminatedUnion('kind', [
      workProgress,
      /**
       * Before the route, where a context was given: the prompt as it is asked, a sentence for each thing that was left
       * out, and whether the model was asked to think first.
       */
      z.object({
        kind: z.literal('fitted'),
        prompt: z.string(),
        leftOut: z.array(z.string()),
        thinking: z.boolean(),
      }),
      /** Whom the router chose, before the answer's first text; token gates when they have read the prompt. */
      z.object({ kind: z.literal('route'), route: routeSchema }),
      /** The next piece of the answer. */
      z.object({ kind: z.literal('text'), text: z.string() }),
    ]),
    result: askResult,
    answersWhenCancelled: true,
  },
  /** Which of several texts goes on best from another, as it stands, without the chat template. */
  weigh: {
    params: z.object({
      ...source,
      /** One whose weights are known before the text is read. */
      target: targetSchema,
      items: z.array(z.object({ before: z.string(), texts: z.array(z.string()) })),
    }),
    progress: workProgress,
    /** For each item the log-probability of each text in nats, less what all of them share; in the same order. */
    result: z.object({ items: z.array(z.array(z.number())) }),
  },
  /** Several prompts at once, each by itself: one batch of the model, so no more than it has memory for. */
  askAll: {
    params: z.object({ ...asking, prompts: z.array(z.string()) }),
    progress: workProgress,
    /** In the order of the prompts. */
    result: z.object({ answers: z.array(z.object({ text: z.string(), finish })) }),
    answersWhenCancelled: true,
  },
  countTokens: {
    params: z.object({
      ...source,
      /** Counted as plain text … */
      texts: z.optional(z.array(z.string())),
      /** … or as the conversation that a prompt and what came before it become by the base's chat template. */
      conversation: z.optional(z.array(turn)),
    }),
    result: z.object({
      texts: z.array(z.int()),
      /** Tokens of the rendered conversation, up to where the answer begins; 0 without one. */
      conversation: z.int(),
    }),
  },
  /** A text's tokens by the base's own tokenizer. */
  tokenize: {
    params: z.object({
      ...source,
      text: z.string(),
      /** With what the tokenizer puts around a text, such as the token of its beginning. */
      addSpecialTokens: z.optional(z.boolean()),
    }),
    result: z.object({
      tokens: z.array(z.object({ id: z.int(), text: z.string() })),
    }),
  },
  /**
   * A router that reads words needs neither the base nor trained experts; without a recipe the shipped prior speaks for math,
   * code and qa. Of token gates the route is the mean over a prompt's tokens.
   */
  route: {
    params: z.object({ recipe: z.optional(z.string()), prompts: z.array(z.string()) }),
    progress: workProgress,
    result: z.array(routeSchema),
  },
  /** An answer to a prompt, token by token, as the experts of a blend see it. */
  explainTokens: {
    params: z.object({
      recipe: z.string(),
      prompt: z.string(),
      answer: z.string(),
      /** The blend's. */
      weights: weightsSchema,
    }),
    progress: workProgress,
    result: z.object({
      /** Those with weight. */
      experts: z.array(z.string()),
      tokens: z.array(explainedToken),
    }),
  },
} as const satisfies Record<string, Exchange>;

/** What was said in a conversation. */
export type ChatTurn = z.infer<typeof turn>;
export type AskRequest = z.infer<typeof askingRequests.ask.params>;
export type AskResult = z.infer<typeof askResult>;
export type AskAllResult = z.infer<typeof askingRequests.askAll.result>;
export type ExplainedToken = z.infer<typeof explainedToken>;
export type NextToken = z.infer<typeof nextToken>;
