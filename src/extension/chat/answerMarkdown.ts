/** Turns a streamed answer into Markdown that shows it as it was written. */
export interface AnswerMarkdown {
  push(text: string): string;
  /** What closes the answer. */
  end(): string;
}

/**
 * An expert for code answers in bare code, which Markdown would take for its own marks: it gets a fence. Outside of fences a
 * picture is written out: to show it would tell its server that it was.
 */
export function createAnswerMarkdown(isCode: boolean): AnswerMarkdown {
  let begun = false;
  let start = '';
  let inOwnFence = false;
  let line = '';
  return {
    push(piece) {
      let text = piece;
      let out = '';
      if (!begun) {
        start = (start + piece).trimStart();
        // It may be the beginning of a fence.
        if ('```'.startsWith(start)) return '';
        begun = true;
        text = start;
        inOwnFence = isCode && !start.startsWith('```');
        if (inOwnFence) out = '```javascript\n';
      }
      for (const c of text) {
        if (c !== '\n') {
          out += c === '[' && line.endsWith('!') && !inOwnFence ? '\\[' : c;
          line += c;
          continue;
        }
        if (line.trimStart().startsWith('```')) inOwnFence = !inOwnFence;
        // Two blanks keep a line's end, which Markdown would make a blank of.
        out += inOwnFence || line.trim() === '' ? '\n' : '  \n';
        line = '';
      }
      return out;
    },
    end() {
      if (!begun) return start;
      // The fence that closes has no line after it.
      const isClosed = !inOwnFence || line.trimStart().startsWith('```');
      return isClosed ? '' : '\n```\n';
    },
  };
}
