import * as z from 'zod/mini';
import type { CompletedAnswer, CompleteProgress, TokenLogprob } from '../../protocol/engine/completing.ts';
import { brokenOff, type ServerName, saidBy } from './serverErrors.ts';

const text = z.optional(z.nullable(z.string()));
const token = z.object({
  token: z.string(),
  bytes: z.optional(z.nullable(z.array(z.int()))),
  logprob: z.number(),
});

type Token = z.infer<typeof token>;

/** What is read of an event; servers say more, and leave things out. */
const chunk = z.object({
  choices: z.optional(
    z.array(
      z.object({
        /** Of a text. */
        text,
        /** Of a conversation; reasoning goes by two names. */
        delta: z.optional(
          z.nullable(
            z.object({
              content: text,
              reasoning_content: text,
              reasoning: text,
              tool_calls: z.optional(
                z.nullable(
                  z.array(
                    z.object({
                      index: z.optional(z.int()),
                      id: text,
                      function: z.optional(z.object({ name: text, arguments: text })),
                    }),
                  ),
                ),
              ),
            }),
          ),
        ),
        finish_reason: text,
        logprobs: z.optional(
          z.nullable(
            z.object({
              content: z.optional(
                z.nullable(z.array(z.extend(token, { top_logprobs: z.optional(z.nullable(z.array(token))) }))),
              ),
            }),
          ),
        ),
      }),
    ),
  ),
  usage: z.optional(
    z.nullable(
      z.object({
        prompt_tokens: z.int(),
        completion_tokens: z.int(),
        prompt_tokens_details: z.optional(z.nullable(z.object({ cached_tokens: z.optional(z.nullable(z.int())) }))),
      }),
    ),
  ),
  error: z.optional(z.unknown()),
});

export interface RemoteAnswer {
  answer: Omit<CompletedAnswer, 'answerTokens'>;
  /** As the server counts; undefined where it does not say. */
  usage: { promptTokens: number; answerTokens: number; cachedTokens: number } | undefined;
  prefillMs: number;
  decodeMs: number;
}

/** An answer is longer than any that is asked for: the server does not end. */
const mostCharacters = 4e6;

/**
 * Reads the one answer of a stream, handing on what it says. An aborted signal ends it with what there is. Throws the
 * error of a stream that breaks off, with what it had said told already.
 */
export async function readAnswer(
  server: ServerName,
  events: AsyncIterable<unknown>,
  { answer, signal, tell }: { answer: number; signal: AbortSignal; tell(progress: CompleteProgress): void },
): Promise<RemoteAnswer> {
  const all = { text: '', reasoning: '' };
  const calls: CompletedAnswer['toolCalls'] = [];
  const logprobs: TokenLogprob[] = [];
  let finish: string | undefined;
  let usage: RemoteAnswer['usage'];
  const started = performance.now();
  let first: number | undefined;

  const add = (kind: 'text' | 'reasoning', piece: string | null | undefined, probabilities: TokenLogprob[] = []) => {
    if (!piece && probabilities.length === 0) return;
    first ??= performance.now();
    all[kind] += piece ?? '';
    logprobs.push(...probabilities);
    const told = probabilities.length > 0 && { logprobs: probabilities };
    tell(kind === 'text' ? { kind, answer, text: piece ?? '', ...told } : { kind, answer, text: piece! });
    if (all[kind].length > mostCharacters) throw brokenOff(server, 'it goes on without an end');
  };

  try {
    for await (const event of events) {
      const parsed = chunk.safeParse(event);
      if (!parsed.success) throw brokenOff(server, 'an event of it has another form than the API’s');
      const { choices = [], usage: counted, error } = parsed.data;
      if (error !== undefined && error !== null)
        throw brokenOff(server, saidBy(JSON.stringify(event)) || 'the server tells of an error');
      for (const { text, delta, finish_reason, logprobs: said } of choices) {
        add('reasoning', delta?.reasoning_content ?? delta?.reasoning);
        add('text', text ?? delta?.content, said?.content?.map(logprobOf));
        for (const [i, { index = i, id, function: called }] of (delta?.tool_calls ?? []).entries()) {
          first ??= performance.now();
          calls[index] ??= { id: '', name: '', arguments: '' };
          calls[index].id ||= id ?? '';
          calls[index].name += called?.name ?? '';
          calls[index].arguments += called?.arguments ?? '';
        }
        finish = finish_reason ?? finish;
      }
      if (counted)
        usage = {
          promptTokens: counted.prompt_tokens,
          answerTokens: counted.completion_tokens,
          cachedTokens: counted.prompt_tokens_details?.cached_tokens ?? 0,
        };
    }
    if (finish === undefined) throw brokenOff(server, 'the connection was closed');
  } catch (error) {
    if (!signal.aborted) throw error;
  }
  // A call that is told in pieces could not be taken back.
  const toolCalls = calls.filter(call => call?.name);
  for (const [call, { id, name, arguments: json }] of toolCalls.entries())
    tell({ kind: 'toolCall', answer, call, id, name, arguments: json });
  const ended = performance.now();
  return {
    answer: {
      text: all.text,
      ...(all.reasoning !== '' && { reasoning: all.reasoning }),
      toolCalls,
      finish: signal.aborted ? 'cancelled' : finishOf(finish, toolCalls.length),
      ...(logprobs.length > 0 && { logprobs }),
    },
    usage,
    prefillMs: (first ?? ended) - started,
    decodeMs: ended - (first ?? ended),
  };
}

function finishOf(reason: string | undefined, calls: number): CompletedAnswer['finish'] {
  if (calls > 0 || reason === 'tool_calls') return 'toolCalls';
  return reason === 'length' ? 'length' : 'stop';
}

function logprobOf({ top_logprobs, ...taken }: Token & { top_logprobs?: Token[] | null | undefined }): TokenLogprob {
  return { ...readToken(taken), top: (top_logprobs ?? []).map(readToken) };
}

function readToken({ token, bytes, logprob }: Token) {
  return { token, bytes: bytes ?? [...new TextEncoder().encode(token)], logprob };
}
