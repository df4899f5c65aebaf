import { type ChatMessage, canThink } from '../../nn/tokenizer/chatTemplate.ts';
import { fillPrompt, type Gap } from '../../nn/tokenizer/fillPrompt.ts';
import type { Conversation } from '../../nn/tokenizer/toolPrompt.ts';
import type { Call } from '../../protocol/contract.ts';
import type { CompleteProgress, CompleteRequest, CompleteResult } from '../../protocol/engine/completing.ts';
import { WorkbenchError } from '../../protocol/errors.ts';
import type { Weights } from '../../protocol/target.ts';
import { userTexts } from '../answering/beginCompletion.ts';
import { chooseExperts } from '../answering/chooseExperts.ts';
import type { Workbench } from '../workbench/workbench.ts';
import type { Elsewhere } from './openElsewhere.ts';
import { type RemoteAnswer, readAnswer } from './readAnswer.ts';

/** What is to be gone on with: as other programs ask for it, or as a held-out set has it. */
type Input =
  | ({ kind: 'chat' } & Conversation)
  | Extract<CompleteRequest['input'], { kind: 'text' }>
  | ({ kind: 'fill' } & Gap);

interface Asked extends Pick<CompleteRequest, 'count' | 'logprobs' | 'format'> {
  input: Input;
}

/** Routes a request here, and has an engine elsewhere answer it. `bringsText`: see chooseExperts. */
export async function completeElsewhere(
  workbench: Workbench,
  from: Elsewhere,
  request: Pick<CompleteRequest, 'target' | 'input' | 'count' | 'logprobs' | 'format'>,
  call: Call<CompleteProgress>,
  bringsText = false,
): Promise<CompleteResult> {
  const started = performance.now();
  const prompts = userTexts(request);
  const chosen = await chooseExperts(workbench, from, request.target, prompts, call, bringsText);
  const waitMs = performance.now() - started;
  const answers = await askEngine(from, request, chosen.weights, call);
  return {
    answers: answers.map(({ answer, answerTokens }) => ({ ...answer, answerTokens })),
    engine: from.engine.name,
    ...chosen.told(),
    promptTokens: answers[0]!.promptTokens,
    cachedTokens: answers[0]!.usage?.cachedTokens ?? 0,
    timings: {
      waitMs,
      prefillMs: answers[0]!.prefillMs,
      decodeMs: Math.max(...answers.map(({ decodeMs }) => decodeMs)),
    },
  };
}

/** Answers of an engine elsewhere by experts with these weights, one stream each. */
export async function askEngine(
  from: Elsewhere,
  request: Asked,
  weights: Weights,
  { signal, progress }: Call<CompleteProgress>,
): Promise<(RemoteAnswer & { promptTokens: number; answerTokens: number })[]> {
  const { engine, settings, text } = from;
  const { path, body } = bodyOf(from, request);
  const send = async (answer: number): Promise<RemoteAnswer> => {
    for (let isAgain = false; ; isAgain = true)
      try {
        const who = await engine.whoAnswers(weights, signal);
        const asked = { ...body, ...who, seed: settings.seed + answer };
        const events = engine.server.events(`${engine.server.root}${path}`, asked, signal);
        return await readAnswer(engine.server, events, { answer, signal, tell: progress });
      } catch (error) {
        // A server that was started anew has none of the adapters that it was given.
        if (isAgain || !engine.hasForgotten(error)) throw error;
      }
  };
  const answers = await Promise.all(Array.from({ length: request.count ?? 1 }, (_, answer) => send(answer)));
  const tokensOf = (said: string) => text.tokenizer.encode(said, { addSpecialTokens: false }).length;
  return answers.map(each => ({
    ...each,
    promptTokens: each.usage?.promptTokens ?? 0,
    answerTokens: each.usage?.answerTokens ?? tokensOf(each.answer.text),
  }));
}

/** A request in the terms of OpenAI's API, all decoding settings written out: servers differ in what they do without. */
function bodyOf(from: Elsewhere, { input, logprobs, format }: Asked): { path: string; body: Record<string, unknown> } {
  const { settings, text } = from;
  const { temperature, topP, topK, repetitionPenalty, stop, maxTokens } = settings;
  const penalty = from.engine.kind === 'llama-server' ? 'repeat_penalty' : 'repetition_penalty';
  const decoding = {
    temperature,
    top_p: topP,
    top_k: topK === 0 ? -1 : topK,
    min_p: 0,
    [penalty]: repetitionPenalty,
    max_tokens: maxTokens,
    stream: true,
    stream_options: { include_usage: true },
  };
  if (input.kind !== 'chat') {
    refuse(from, format && 'answers in a form, of texts and gaps', logprobs !== undefined && 'probabilities of texts');
    const { prompt, ends } = promptOf(from, input);
    const stops = [...stop, ...ends];
    return { path: '/v1/completions', body: { prompt, ...decoding, ...(stops.length > 0 && { stop: stops }) } };
  }
  const { messages, tools } = input;
  const thinking = canThink(text.tokenizer, text.chatTemplate) && {
    chat_template_kwargs: { enable_thinking: settings.thinking },
  };
  return {
    path: '/v1/chat/completions',
    body: {
      messages: messages.map(messageOf),
      ...(tools && { tools }),
      ...(format && formatOf(format)),
      ...(logprobs !== undefined && { logprobs: true, top_logprobs: logprobs }),
      ...thinking,
      ...decoding,
      ...(stop.length > 0 && { stop }),
    },
  };
}

/** A text as it is, or a gap in the base's own tokens for it, as text. */
function promptOf(
  { text, maxLength, settings }: Elsewhere,
  input: Exclude<Input, { kind: 'chat' }>,
): { prompt: string; ends: string[] } {
  if (input.kind === 'text') return { prompt: input.text, ends: [] };
  const room = maxLength - Math.min(settings.maxTokens, Math.floor(maxLength / 2));
  const { ids, stopIds } = fillPrompt(text.tokenizer, input, room);
  const written = (tokens: number[]) => text.tokenizer.decode(tokens, { skipSpecialTokens: false, cleanUp: false });
  return { prompt: written(ids), ends: stopIds.map(id => written([id])) };
}

function messageOf({ role, content, reasoning, toolCalls, name, toolCallId }: ChatMessage) {
  return {
    role,
    content,
    ...(reasoning !== undefined && { reasoning_content: reasoning }),
    ...(toolCalls && {
      tool_calls: toolCalls.map(({ id, type, function: called }, i) => ({
        id: id ?? `call_${i}`,
        type,
        function: { name: called.name, arguments: JSON.stringify(called.arguments) },
      })),
    }),
    ...(name !== undefined && { name }),
    ...(toolCallId !== undefined && { tool_call_id: toolCallId }),
  };
}

function formatOf(format: NonNullable<CompleteRequest['format']>) {
  switch (format.kind) {
    case 'json':
      return { response_format: { type: 'json_object' } };
    case 'schema':
      return {
        response_format: { type: 'json_schema', json_schema: { name: 'answer', schema: format.schema, strict: true } },
      };
    case 'call':
      return { tool_choice: format.name ? { type: 'function', function: { name: format.name } } : 'required' };
  }
}

/** Throws `unsupported` with what is asked and an engine elsewhere cannot do. */
function refuse({ engine }: Elsewhere, ...asked: (string | false | undefined)[]): void {
  const [what] = asked.filter(each => typeof each === 'string');
  if (what === undefined) return;
  throw new WorkbenchError(
    'unsupported',
    `the engine '${engine.name}' gives no ${what}`,
    'Let this machine answer: "answering": "local".',
  );
}
