import * as z from 'zod';
import type { CompleteRequest, CompleteResult } from '../../protocol/engine/completing.ts';
import { type AnswerForm, completionTokens } from '../completions/answerForm.ts';
import { decodingFields, optional, settingsOf } from '../completions/decodingFields.ts';
import { withoutRefused } from '../completions/refusedFields.ts';
import type { Answerer } from '../models/served.ts';

/** The body of `/infill`, as llama.vscode and llama.vim send it. */
export const infillBody = withoutRefused(
  z.object({
    ...decodingFields,
    input_prefix: z.string(),
    input_suffix: z.string(),
    /** What else is read, the most important last. */
    input_extra: optional(z.array(z.object({ filename: optional(z.string()), text: z.string() }))),
    /** What stands in the line already. */
    prompt: optional(z.string()),
    /** 0 where the prompt is only to be read ahead. */
    n_predict: optional(z.int().min(-1)),
  }),
);
export type InfillBody = z.infer<typeof infillBody>;

export function infillRequest(
  body: InfillBody,
  { model: _, ...answerer }: Answerer,
  mostTokens: number,
): CompleteRequest {
  const { input_prefix, input_suffix, input_extra = [], prompt = '', n_predict } = body;
  // The engine writes a token at least.
  const max_tokens = n_predict === 0 ? 1 : (n_predict ?? body.max_tokens);
  return {
    ...answerer,
    input: {
      kind: 'fill',
      prefix: input_prefix + prompt,
      suffix: input_suffix,
      files: input_extra.map(({ filename = '', text }) => ({ path: filename, text })),
    },
    settings: settingsOf({ ...body, max_tokens }, mostTokens),
  };
}

/** Answers as llama-server writes them. */
export function infillForm(model: string, { n_predict }: InfillBody): AnswerForm {
  const isReadAhead = n_predict === 0;
  const ended = (result: CompleteResult, content: string) => {
    const { promptTokens, cachedTokens, timings } = result;
    const finish = result.answers[0]!.finish;
    const tokens = completionTokens(result);
    return {
      index: 0,
      content: isReadAhead ? '' : content,
      model,
      stop: true,
      stop_type: finish === 'stop' ? 'eos' : 'limit',
      truncated: false,
      tokens_predicted: tokens,
      tokens_evaluated: promptTokens,
      tokens_cached: cachedTokens,
      timings: {
        ...timed('prompt', promptTokens - cachedTokens, timings.prefillMs),
        ...timed('predicted', tokens, timings.decodeMs),
      },
    };
  };
  return {
    whole: ([result]) => ended(result!, result!.answers[0]!.text),
    begin: () => [],
    piece: told => (told.kind === 'text' && !isReadAhead ? [{ index: 0, content: told.text, model, stop: false }] : []),
    end: result => [ended(result, '')],
    close: () => [],
  };
}

function timed(what: 'prompt' | 'predicted', tokens: number, ms: number): Record<string, number> {
  const perSecond = ms > 0 ? (tokens * 1000) / ms : 0;
  return { [`${what}_n`]: tokens, [`${what}_ms`]: ms, [`${what}_per_second`]: perSecond };
}
