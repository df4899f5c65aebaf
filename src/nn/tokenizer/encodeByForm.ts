import type { ChatTemplate } from './chatTemplate.ts';
import {
  type EncodedExample,
  type EncodeExampleOptions,
  encodeExample,
  encodeText,
  type LearnedMessage,
} from './encodeExample.ts';
import { encodeFill } from './encodeFill.ts';
import type { Tokenizer } from './tokenizer.ts';

/** An example of data, of whatever form. */
export interface FormedExample extends Pick<EncodeExampleOptions, 'tools'> {
  messages: readonly LearnedMessage[];
  /** A text that is learned whole: its one message. */
  isText?: true;
  /** What follows a gap whose prefix is the first message, and which the second fills. */
  fill?: { suffix: string };
}

/** An example in the tokens that training reads, by its form. Throws as encodeExample and encodeFill do. */
export function encodeByForm(
  { tokenizer, chatTemplate }: { tokenizer: Tokenizer; chatTemplate: ChatTemplate },
  { messages, isText, fill, tools }: FormedExample,
  options: Omit<EncodeExampleOptions, 'tools'>,
): EncodedExample {
  if (isText) return encodeText(tokenizer, messages[0]!.content, options);
  if (fill) {
    const [{ content: prefix }, { content: middle }] = messages as [LearnedMessage, LearnedMessage];
    return encodeFill(tokenizer, { prefix, suffix: fill.suffix, middle }, options);
  }
  return encodeExample(tokenizer, chatTemplate, messages, { ...options, ...(tools && { tools }) });
}
