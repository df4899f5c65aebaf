import { createAnswerParts } from '../../nn/decode/answerParts.ts';
import type { AnswerPart } from '../../nn/decode/toolCallStream.ts';
import type { CallSyntax } from '../../nn/tokenizer/callSyntax.ts';
import { reasoningSyntax } from '../../nn/tokenizer/reasoningSyntax.ts';
import type { CompletedAnswer, CompleteProgress } from '../../protocol/engine/completing.ts';
import type { Model } from '../runtime/model.ts';
import type { LogprobCollector } from './logprobs.ts';

/** The words, reasoning and calls of one answer, told as they become certain. */
export interface AnswerProgress {
  /** Special tokens that the text has to show. */
  shownIds: ReadonlySet<number>;
  add(text: string): void;
  end(ended: Pick<CompletedAnswer, 'finish' | 'answerTokens'>): CompletedAnswer;
}

interface AnswerOptions {
  /** Its number among those of the request. */
  answer: number;
  seed: number;
  prompt: number[];
  /** Of a conversation; a text that goes on has neither reasoning nor calls. */
  isChat: boolean;
  calls?: CallSyntax | undefined;
  /** Names of the tools that may be called. */
  tools?: ReadonlySet<string> | undefined;
  logprobs?: LogprobCollector | undefined;
}

export function answerProgress(
  { base }: Model,
  { answer, seed, prompt, isChat, calls, tools, logprobs }: AnswerOptions,
  tell: (progress: CompleteProgress) => void,
): AnswerProgress {
  const { tokenizer, chatTemplate } = base.text();
  const reasoning = isChat ? reasoningSyntax(tokenizer, chatTemplate) : undefined;
  const parts = createAnswerParts({
    reasoning,
    calls,
    tools,
    prompt: reasoning || calls ? tokenizer.decode(prompt) : '',
    seed,
  });
  const all: { text: string; reasoning: string; toolCalls: CompletedAnswer['toolCalls'] } = {
    text: '',
    reasoning: '',
    toolCalls: [],
  };

  const take = (part: AnswerPart) => {
    if (part.kind !== 'toolCall') {
      all[part.kind] += part.text;
      tell({ ...part, answer, ...(part.kind === 'text' && logprobs && { logprobs: logprobs.take() }) });
      return;
    }
    const { kind, ...call } = part;
    tell({ kind, answer, call: all.toolCalls.length, ...call });
    all.toolCalls.push(call);
  };

  return {
    shownIds: new Set([...(reasoning?.specialIds ?? []), ...(calls?.specialIds ?? [])]),
    add(text) {
      for (const part of parts.push(text)) take(part);
    },
    end({ finish, answerTokens }) {
      for (const part of parts.flush()) take(part);
      const collected = logprobs?.all();
      return {
        text: all.text,
        ...(all.reasoning !== '' && { reasoning: all.reasoning }),
        toolCalls: all.toolCalls,
        finish: finish === 'stop' && all.toolCalls.length > 0 ? 'toolCalls' : finish,
        answerTokens,
        ...(collected && { logprobs: collected }),
      };
    },
  };
}
