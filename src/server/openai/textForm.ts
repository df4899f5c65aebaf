import { type AnswerForm, answeredBy, answerHead, finite, type Logprobs, usageOf } from '../completions/answerForm.ts';
import type { TextBody } from './textRequest.ts';

/** Answers as `/v1/completions` writes them: those of the first prompt, then those of the next. */
export function textForm(model: string, { n = 1, stream_options }: TextBody): AnswerForm {
  const showsUsage = stream_options?.include_usage === true;
  const head = answerHead('cmpl', 'text_completion', model);
  /** Characters that each choice has had: offsets of tokens are counted from the answer's begin. */
  const said = new Map<number, number>();
  const chunk = (choices: unknown[], more: object = {}) => ({
    ...head,
    choices,
    ...(showsUsage && { usage: null }),
    ...more,
  });
  return {
    whole: results => ({
      ...head,
      choices: results.flatMap(({ answers }, prompt) =>
        answers.map(({ text, finish, logprobs }, answer) => ({
          index: prompt * n + answer,
          text,
          logprobs: logprobsOf(logprobs, 0),
          finish_reason: finish === 'stop' ? 'stop' : 'length',
        })),
      ),
      usage: usageOf(results),
      ...answeredBy(results[0]!),
    }),
    begin: () => [],
    piece(told, prompt) {
      if (told.kind !== 'text') return [];
      const { text, logprobs } = told;
      const index = prompt * n + told.answer;
      const at = said.get(index) ?? 0;
      said.set(index, at + text.length);
      return [chunk([{ index, text, logprobs: logprobsOf(logprobs, at), finish_reason: null }])];
    },
    end: (result, prompt) =>
      result.answers.map(({ finish }, answer) => {
        const finish_reason = finish === 'stop' ? 'stop' : 'length';
        return chunk([{ index: prompt * n + answer, text: '', logprobs: null, finish_reason }], answeredBy(result));
      }),
    close: results => [...(showsUsage ? [chunk([], { usage: usageOf(results) })] : []), '[DONE]'],
  };
}

function logprobsOf(logprobs: Logprobs, from: number) {
  if (!logprobs) return null;
  let at = from;
  const offsets = logprobs.map(({ token }) => {
    at += token.length;
    return at - token.length;
  });
  return {
    tokens: logprobs.map(({ token }) => token),
    token_logprobs: logprobs.map(({ logprob }) => finite(logprob)),
    top_logprobs: logprobs.map(({ top }) =>
      Object.fromEntries(top.map(({ token, logprob }) => [token, finite(logprob)])),
    ),
    text_offset: offsets,
  };
}
