import * as z from 'zod';

/**
 * Fields that would change an answer and have no effect here: refused by name, unless they ask for nothing. What else
 * is not known is passed over, as clients send much that is of no consequence.
 */
const refused: Record<string, { nothing: unknown[]; instead?: string }> = {
  frequency_penalty: { nothing: [0], instead: 'repetition_penalty' },
  presence_penalty: { nothing: [0], instead: 'repetition_penalty' },
  logit_bias: { nothing: [] },
  min_p: { nothing: [0] },
  typical_p: { nothing: [1] },
  mirostat: { nothing: [0] },
  best_of: { nothing: [1], instead: 'n' },
  echo: { nothing: [false] },
  functions: { nothing: [], instead: 'tools' },
  function_call: { nothing: ['none'], instead: 'tool_choice' },
  audio: { nothing: [] },
  web_search_options: { nothing: [] },
  grammar: { nothing: [''], instead: 'response_format' },
  json_schema: { nothing: [], instead: 'response_format' },
  guided_json: { nothing: [], instead: 'response_format' },
  guided_regex: { nothing: [] },
  guided_choice: { nothing: [], instead: 'response_format with an enum' },
  guided_grammar: { nothing: [] },
  structured_outputs: { nothing: [], instead: 'response_format' },
  image_data: { nothing: [] },
  ignore_eos: { nothing: [false] },
  min_tokens: { nothing: [0] },
};

/** A schema of a body that refuses these fields first. */
export function withoutRefused<S extends z.ZodObject>(schema: S) {
  return z
    .record(z.string(), z.unknown(), { error: 'expected an object' })
    .superRefine((body, check) => {
      for (const [name, { nothing, instead }] of Object.entries(refused)) {
        const value = body[name];
        if (value === undefined || value === null || nothing.includes(value) || isEmpty(value)) continue;
        const message = `'${name}' is not supported${instead ? `; there is '${instead}'` : ''}.`;
        check.addIssue({ code: 'custom', path: [name], message, params: { code: 'unsupported_parameter' } });
        return;
      }
    })
    .pipe(schema);
}

function isEmpty(value: unknown): boolean {
  return typeof value === 'object' && value !== null && Object.keys(value).length === 0;
}
