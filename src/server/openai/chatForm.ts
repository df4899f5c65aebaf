import type { CompletedAnswer, CompleteProgress } from '../../protocol/engine/completing.ts';
import { type AnswerForm, answeredBy, answerHead, finite, type Logprobs, usageOf } from '../completions/answerForm.ts';
import type { ChatBody } from './chatRequest.ts';

/** Answers as `/v1/chat/completions` writes them. */
export function chatForm(
  model: string,
  { n = 1, stream_options, parallel_tool_calls: inParallel = true }: ChatBody,
): AnswerForm {
  const showsUsage = stream_options?.include_usage === true;
  const head = answerHead('chatcmpl', 'chat.completion.chunk', model);
  const mostCalls = inParallel ? Number.POSITIVE_INFINITY : 1;
  const chunk = (choices: unknown[], more: object = {}) => ({
    ...head,
    choices,
    ...(showsUsage && { usage: null }),
    ...more,
  });
  const delta = (index: number, said: object, logprobs?: Logprobs) =>
    chunk([{ index, delta: said, logprobs: logprobsOf(logprobs), finish_reason: null }]);

  return {
    whole: ([result]) => ({
      ...answerHead('chatcmpl', 'chat.completion', model),
      choices: result!.answers.map((answer, index) => choice(answer, index, mostCalls)),
      usage: usageOf([result!]),
      ...answeredBy(result!),
    }),
    begin: () =>
      Array.from({ length: n }, (_, index) => delta(index, { role: 'assistant', content: '', refusal: null })),
    piece: told => {
      const said = deltaOf(told, mostCalls);
      return said ? [delta(said.index, said.delta, said.logprobs)] : [];
    },
    end: result =>
      result.answers.map((answer, index) =>
        chunk([{ index, delta: {}, logprobs: null, finish_reason: finishReason(answer) }], answeredBy(result)),
      ),
    close: results => [...(showsUsage ? [chunk([], { usage: usageOf(results) })] : []), '[DONE]'],
  };
}

function deltaOf(told: CompleteProgress, mostCalls: number) {
  switch (told.kind) {
    case 'text':
      return { index: told.answer, delta: { content: told.text }, logprobs: told.logprobs };
    case 'reasoning':
      return { index: told.answer, delta: { reasoning_content: told.text } };
    case 'toolCall': {
      if (told.call >= mostCalls) return undefined;
      const { id, name, arguments: text } = told;
      const isFirst = name !== undefined;
      const call = {
        index: told.call,
        ...(isFirst && { id, type: 'function' }),
        function: { ...(isFirst && { name }), arguments: text },
      };
      return { index: told.answer, delta: { tool_calls: [call] } };
    }
    default:
      return undefined;
  }
}

function choice(answer: CompletedAnswer, index: number, mostCalls: number) {
  const { text, reasoning, toolCalls } = answer;
  const calls = toolCalls.slice(0, mostCalls).map(({ id, name, arguments: json }) => ({
    id,
    type: 'function',
    function: { name, arguments: json },
  }));
  return {
    index,
    message: {
      role: 'assistant',
      content: text === '' && calls.length > 0 ? null : text,
      refusal: null,
      ...(reasoning && { reasoning_content: reasoning }),
      ...(calls.length > 0 && { tool_calls: calls }),
    },
    logprobs: logprobsOf(answer.logprobs),
    finish_reason: finishReason(answer),
  };
}

function finishReason({ finish }: CompletedAnswer): string {
  if (finish === 'toolCalls') return 'tool_calls';
  return finish === 'stop' ? 'stop' : 'length';
}

function logprobsOf(logprobs: Logprobs) {
  if (!logprobs) return null;
  const content = logprobs.map(({ token, bytes, logprob, top }) => ({
    token,
    logprob: finite(logprob),
    bytes,
    top_logprobs: top.map(other => ({ token: other.token, logprob: finite(other.logprob), bytes: other.bytes })),
  }));
  return { content, refusal: null };
}
