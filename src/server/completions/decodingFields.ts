import * as z from 'zod';

/** Clients send null for what they leave out. */
export function optional<S extends z.ZodType>(schema: S) {
  return z.nullish(schema).transform(value => value ?? undefined);
}

export const loraScales = z.array(z.object({ id: z.int().min(0), scale: z.number() }));

/** What all endpoints that answer take: how to decode, and who answers. */
export const decodingFields = {
  model: optional(z.string()),
  /** llama-server's: adapters with their scales, in place of a model. */
  lora: optional(loraScales),
  temperature: optional(z.number().min(0).max(2)),
  top_p: optional(z.number().min(0).max(1)),
  top_k: optional(z.int().min(-1)),
  /** Under vLLM's name and under llama-server's. */
  repetition_penalty: optional(z.number().positive()),
  repeat_penalty: optional(z.number().positive()),
  seed: optional(z.int()),
  stop: optional(z.union([z.string().min(1), z.array(z.string().min(1)).max(16)])),
  max_tokens: optional(z.int().min(-1)),
  stream: optional(z.boolean()),
  n: optional(z.int().min(1).max(64)),
};

const decodingSchema = z.object(decodingFields);
export type DecodingFields = z.infer<typeof decodingSchema>;

/** Largest seed that is drawn; sampling takes 32 bits of it. */
const seeds = 2 ** 31;

/** Decoding settings over the recipe's: only what was given, and a seed, which differs from call to call unless it was. */
export function settingsOf(fields: Partial<DecodingFields>, mostTokens: number): Record<string, unknown> {
  const { temperature, top_p, top_k, seed, stop, max_tokens } = fields;
  const settings = {
    temperature,
    // OpenAI takes 0, which stands for the most probable token.
    topP: top_p === 0 ? 1e-6 : top_p,
    topK: top_k === -1 ? 0 : top_k,
    repetitionPenalty: fields.repetition_penalty ?? fields.repeat_penalty,
    // llama-server draws one where it is negative.
    seed: seed !== undefined && seed >= 0 ? seed : Math.floor(Math.random() * seeds),
    stop: typeof stop === 'string' ? [stop] : stop,
    maxTokens: max_tokens === -1 ? mostTokens : max_tokens,
  };
  return Object.fromEntries(Object.entries(settings).filter(([, value]) => value !== undefined));
}
