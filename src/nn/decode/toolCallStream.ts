import type { CallSyntax } from '../tokenizer/callSyntax.ts';
import { firstMark, markAt } from './looseMark.ts';
import { readCallBody } from './readCallBody.ts';

/** What an answer consists of. */
export type AnswerPart =
  | { kind: 'text'; text: string }
  | { kind: 'reasoning'; text: string }
  /** `arguments` is JSON, as the model wrote it. */
  | { kind: 'toolCall'; id: string; name: string; arguments: string };

/** Text in pieces, in which parts are found as they become certain. */
export interface PartStream {
  push(text: string): AnswerPart[];
  /** What was held back. Nothing may be pushed afterwards. */
  flush(): AnswerPart[];
}

/**
 * Finds calls of tools in an answer. A call is told when it is whole, so that nothing told has to be taken back; what
 * looks like one and is none is text, with its marks. The result does not depend on how the text was cut into pieces.
 * @param newId the id of the next call.
 * @param tools those that may be called: small models write a call of one of them without the template's marks, as an
 *   answer that begins with its JSON, fenced or not.
 */
export function createToolCallStream(
  syntax: CallSyntax,
  newId: () => string,
  tools: ReadonlySet<string> = new Set(),
): PartStream {
  const openers = [syntax.open, syntax.otherOpen, syntax.next].filter(
    (mark, i): mark is string => mark !== undefined && mark.trim() !== '' && (i < 2 || syntax.end.trim() === ''),
  );
  const ends = [
    ...(syntax.next === undefined ? [] : [{ mark: syntax.close + syntax.next, reads: 'call' as const }]),
    { mark: syntax.close + syntax.end, reads: 'text' as const },
    { mark: syntax.close, reads: 'text' as const },
  ];
  const hasOpener = syntax.open.trim() !== '';
  let held = '';
  let state: 'text' | 'call' | 'after' = 'text';
  /** Where in `held` the body of a call begins. */
  let bodyAt = 0;
  /** Without a mark before them, calls stand before any word. */
  let hasWords = false;
  let isAfterCall = false;
  /** How the call that is read begins, where it has none of the template's marks. */
  let bare: 'json' | 'fence' | undefined;
  let parts: AnswerPart[] = [];

  const tell = (end: number) => {
    const text = held.slice(0, end);
    held = held.slice(end);
    if (text === '') return;
    if (text.trim() !== '') hasWords = true;
    isAfterCall = false;
    parts.push({ kind: 'text', text });
  };

  /** Each reads on and gives whether there is more to read. */
  const readers = {
    text(isEnd: boolean): boolean {
      if (hasOpener && !hasWords && tools.size > 0 && syntax.body.kind === 'object') {
        if (!isEnd && unfinishedFence.test(held)) return false;
        const start = /^\s*(```(?:json)?\s*)?\{/.exec(held);
        if (start) {
          bare = start[1] ? 'fence' : 'json';
          bodyAt = start[0].length - 1;
          state = 'call';
          return true;
        }
      }
      const mark = firstMark(held, openers);
      const start = hasOpener || hasWords ? undefined : /\S/.exec(held)?.index;
      if (start !== undefined && held[start] === '{') {
        bodyAt = start;
        state = 'call';
        return true;
      }
      if (mark?.end === undefined) {
        const words = mark && !isEnd ? mark.start : held.length;
        // Blanks before a call are the template's, and so are those that end an answer of calls.
        const end = held.slice(0, words).trimEnd().length;
        if (!isEnd) tell(end);
        else if (!isAfterCall || end > 0) tell(held.length);
        return false;
      }
      const words = held.slice(0, mark.start).trimEnd().length;
      tell(words);
      bodyAt = mark.end - words;
      state = 'call';
      return true;
    },

    call(isEnd: boolean): boolean {
      const body = readCallBody(held, bodyAt, syntax.body);
      if (body === 'partial' && !isEnd) return false;
      if (typeof body === 'string' || (bare && !tools.has(body.name))) {
        bare = undefined;
        hasWords = true;
        state = 'text';
        tell(bodyAt);
        return true;
      }
      parts.push({ kind: 'toolCall', id: newId(), name: body.name, arguments: body.arguments });
      held = held.slice(body.end);
      isAfterCall = true;
      state = 'after';
      return true;
    },

    after(isEnd: boolean): boolean {
      if (bare === 'fence') {
        if (!isEnd && /^\s*`{0,2}$/.test(held)) return false;
        held = held.replace(/^\s*```/, '');
      }
      bare = undefined;
      const found = ends.map(({ mark }) => markAt(held, 0, mark));
      // The longer of two that begin alike is waited for.
      const first = found.findIndex(end => end !== undefined && !(isEnd && end === 'partial'));
      const end = found[first];
      if (end === 'partial') return false;
      state = 'text';
      if (end === undefined) return true;
      const { reads } = ends[first]!;
      if (reads === 'call') bodyAt = end;
      else held = held.slice(end);
      state = reads;
      return true;
    },
  };

  const read = (isEnd: boolean): AnswerPart[] => {
    parts = [];
    while (held !== '' && readers[state](isEnd));
    return joined(parts);
  };

  return {
    push(text) {
      held += text;
      return read(false);
    },
    flush: () => read(true),
  };
}

/** What may become the fence before a call. */
const unfinishedFence = /^\s*(`{1,3}|```(j|js|jso|json)\s*|```\s+)$/;

function joined(parts: readonly AnswerPart[]): AnswerPart[] {
  const all: AnswerPart[] = [];
  for (const part of parts) {
    const last = all.at(-1);
    if (part.kind === 'text' && last?.kind === 'text') all[all.length - 1] = { ...last, text: last.text + part.text };
    else all.push(part);
  }
  return all;
}
