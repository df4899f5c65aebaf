import type { Tokenizer } from '../tokenizer/tokenizer.ts';
import { createDetokenizer } from './detokenize.ts';
import { createStopFilter } from './stopFilter.ts';

/** Why an answer ended. */
export type FinishReason =
  /** A stop token or a stop string. */
  | 'stop'
  /** `maxTokens` was reached. */
  | 'length'
  /** The user asked for it. */
  | 'cancelled'
  /** Prompt and answer fill the model's context. */
  | 'context';

/** What one token brought: text that may be shown, and how the answer ended if it did. */
interface StreamDelta {
  text: string;
  finish?: FinishReason;
}

/** The text of one answer, token by token. After a delta with `finish` nothing more may be asked of it. */
export interface AnswerStream {
  push(id: number): StreamDelta;
  /** Ends the answer from outside and gives what was held back. */
  end(reason: 'cancelled' | 'stop'): StreamDelta;
}

export interface AnswerStreamOptions {
  stopIds: readonly number[];
  stop: readonly string[];
  maxTokens: number;
  /** Tokens that the model's context has left after the prompt. */
  contextLeft?: number;
  /** Tokens that count as said before, whose text is not given again. */
  said?: readonly number[];
  /** Special tokens that have a text here, such as those around calls of tools. */
  shownIds?: ReadonlySet<number> | undefined;
}

/**
 * Shown text never has to be taken back: unfinished characters and possible beginnings of a stop string are held until
 * they are decided. Stop tokens, and special tokens in general, have no text.
 */
export function createAnswerStream(
  tokenizer: Tokenizer,
  { stopIds, stop, maxTokens, contextLeft = Infinity, said, shownIds }: AnswerStreamOptions,
): AnswerStream {
  const ends = new Set(stopIds);
  const detokenizer = createDetokenizer(tokenizer, { said, shownIds });
  const filter = createStopFilter(stop);
  let count = 0;

  const finish = (text: string, reason: FinishReason): StreamDelta => {
    const last = filter.push(detokenizer.flush());
    if (last.stopped) return { text: text + last.text, finish: 'stop' };
    return { text: text + last.text + filter.flush(), finish: reason };
  };

  return {
    push(id) {
      if (ends.has(id)) return finish('', 'stop');
      count++;
      const { text, stopped } = filter.push(detokenizer.push(id));
      if (stopped) return { text, finish: 'stop' };
      if (count >= maxTokens) return finish(text, 'length');
      if (count >= contextLeft) return finish(text, 'context');
      return { text };
    },
    end: reason => finish('', reason),
  };
}
