import type { ReasoningSyntax } from '../tokenizer/reasoningSyntax.ts';
import { firstMark, markAt } from './looseMark.ts';
import type { AnswerPart, PartStream } from './toolCallStream.ts';

/**
 * Tells what an answer begins with between the marks of reasoning apart from its words. Blanks around it are the
 * template's. The result does not depend on how the text was cut into pieces.
 * @param isOpen whether the prompt has ended with the opening mark.
 */
export function createReasoningStream({ open, close }: ReasoningSyntax, isOpen: boolean): PartStream {
  let held = '';
  let state: 'start' | 'thinking' | 'thought' | 'words' = isOpen ? 'thinking' : 'start';
  let hasThought = false;

  const read = (isEnd: boolean): AnswerPart[] => {
    const parts: AnswerPart[] = [];
    if (state === 'start') {
      const end = markAt(held, 0, open);
      if (end === 'partial' && !isEnd) return parts;
      state = typeof end === 'number' ? 'thinking' : 'words';
      if (typeof end === 'number') held = held.slice(end);
    }
    if (state === 'thinking') {
      if (!hasThought) held = held.trimStart();
      const mark = firstMark(held, [close]);
      const ends = mark?.end !== undefined;
      const end = mark && (ends || !isEnd) ? mark.start : held.length;
      const text = held.slice(0, end).trimEnd();
      if (text !== '') parts.push({ kind: 'reasoning', text });
      hasThought ||= text !== '';
      held = ends ? held.slice(mark.end) : held.slice(text.length);
      if (ends) state = 'thought';
    }
    if (state === 'thought') {
      held = held.trimStart();
      if (held !== '') state = 'words';
    }
    if (state === 'words' && held !== '') {
      parts.push({ kind: 'text', text: held });
      held = '';
    }
    return parts;
  };

  return {
    push(text) {
      held += text;
      return read(false);
    },
    flush: () => read(true),
  };
}
