import * as z from 'zod/mini';
import type { Exchange } from '../contract.ts';
import { routeSchema } from '../route.ts';
import { targetSchema, weightsSchema } from '../target.ts';
import { answeringEngine, source, workProgress } from './source.ts';

/*
 * What other programs ask for in the terms of their protocols: a conversation with tools, a text that goes on, a gap to be
 * filled. Requests under way at once share the executions of the model.
 */

/** JSON: a schema, or the arguments of a call. */
const json = z.record(z.string(), z.unknown());

const message = z.object({
  role: z.enum(['system', 'user', 'assistant', 'tool']),
  content: z.string(),
  reasoning: z.optional(z.string()),
  toolCalls: z.optional(
    z.array(
      z.object({
        id: z.optional(z.string()),
        type: z.literal('function'),
        function: z.object({ name: z.string(), arguments: json }),
      }),
    ),
  ),
  name: z.optional(z.string()),
  toolCallId: z.optional(z.string()),
});

const input = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('chat'),
    messages: z.array(message),
    /** Schemas of the functions that may be called, in OpenAI's form. */
    tools: z.optional(z.array(json)),
  }),
  /** Goes on as it is, without the chat template. */
  z.object({ kind: z.literal('text'), text: z.string() }),
  /** The gap between two texts, by the base's own tokens for that. */
  z.object({
    kind: z.literal('fill'),
    prefix: z.string(),
    suffix: z.string(),
    /** Of the file that has the gap. */
    path: z.optional(z.string()),
    /** What else is read, the most important last. */
    files: z.optional(z.array(z.object({ path: z.string(), text: z.string() }))),
  }),
]);

/** What an answer has to be. */
const format = z.discriminatedUnion('kind', [
  /** A JSON object. */
  z.object({ kind: z.literal('json') }),
  /** JSON that fits a schema. */
  z.object({ kind: z.literal('schema'), schema: json }),
  /** A call of one of the tools, or of this one; `several` may follow one another where the template writes that. */
  z.object({ kind: z.literal('call'), name: z.optional(z.string()), several: z.optional(z.boolean()) }),
]);

/** The probability of a token that was taken, among those of the model as it is, before temperature and the like. */
const tokenLogprob = z.object({
  token: z.string(),
  /** UTF-8. */
  bytes: z.array(z.int()),
  logprob: z.number(),
  /** As many of the most probable ones as were asked for. */
  top: z.array(z.object({ token: z.string(), bytes: z.array(z.int()), logprob: z.number() })),
});

const toolCall = z.object({
  id: z.string(),
  name: z.string(),
  /** JSON, as the model wrote it. */
  arguments: z.string(),
});

const completedAnswer = z.object({
  text: z.string(),
  /** What the model thought before, where it was asked to. */
  reasoning: z.optional(z.string()),
  toolCalls: z.array(toolCall),
  finish: z.enum(['stop', 'length', 'context', 'cancelled', 'repeats', 'toolCalls']),
  answerTokens: z.int(),
  logprobs: z.optional(z.array(tokenLogprob)),
});

export const completingRequests = {
  complete: {
    params: z.object({
      ...source,
      ...answeringEngine,
      /** Adapters beside the recipe's experts and merges, or those of a base alone: name → folder. */
      adapters: z.optional(z.record(z.string(), z.string())),
      target: targetSchema,
      /** Decoding settings over those of the recipe. */
      settings: z.optional(z.record(z.string(), z.unknown())),
      input,
      /** Answers, each with a seed of its own from the settings' on. Default 1. */
      count: z.optional(z.int().check(z.minimum(1), z.maximum(64))),
      /** How many alternatives are told with the probability of each token; undefined for no probabilities. */
      logprobs: z.optional(z.int().check(z.minimum(0), z.maximum(20))),
      format: z.optional(format),
    }),
    progress: z.discriminatedUnion('kind', [
      workProgress,
      z.object({ kind: z.literal('route'), route: routeSchema }),
      /** The next piece of one answer, with the probabilities of the tokens since the last. */
      z.object({
        kind: z.literal('text'),
        answer: z.int(),
        text: z.string(),
        logprobs: z.optional(z.array(tokenLogprob)),
      }),
      z.object({ kind: z.literal('reasoning'), answer: z.int(), text: z.string() }),
      /** The next piece of a call's arguments; `id` and `name` with its first. */
      z.object({
        kind: z.literal('toolCall'),
        answer: z.int(),
        call: z.int(),
        id: z.optional(z.string()),
        name: z.optional(z.string()),
        arguments: z.string(),
      }),
    ]),
    result: z.object({
      answers: z.array(completedAnswer),
      /** The engine elsewhere that answered; undefined where this machine did. */
      engine: z.optional(z.string()),
      /** Weights that were used; empty for the base alone. */
      weights: weightsSchema,
      route: z.optional(routeSchema),
      promptTokens: z.int(),
      /** Of them, those that an earlier request with the same weights had computed. */
      cachedTokens: z.int(),
      timings: z.object({ waitMs: z.number(), prefillMs: z.number(), decodeMs: z.number() }),
    }),
    answersWhenCancelled: true,
  },
} as const satisfies Record<string, Exchange>;

export type CompleteRequest = z.infer<typeof completingRequests.complete.params>;
export type CompleteProgress = z.infer<typeof completingRequests.complete.progress>;
export type CompleteResult = z.infer<typeof completingRequests.complete.result>;
export type CompletionInput = z.infer<typeof input>;
export type CompletionFormat = z.infer<typeof format>;
export type CompletedAnswer = z.infer<typeof completedAnswer>;
export type TokenLogprob = z.infer<typeof tokenLogprob>;
