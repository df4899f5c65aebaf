/** Turns a streamed answer into Markdown that shows it as it was written. */
export interface AnswerMarkdown {
  push(text: string): string;
  /** What closes the answer. */
  end(): string;
}

const thoughtStart = '<think>';
const thoughtEnd = '</think>';

/** What the model thought before its answer is a quotation; the answer follows. */
export function createAnswerMarkdown(isCode: boolean): AnswerMarkdown {
  const answer = createPlainMarkdown(isCode);
  let stage: 'start' | 'thought' | 'answer' = 'start';
  /** What may yet turn out to be a mark. */
  let held = '';
  const quoted = (text: string) => text.replaceAll('\n', '  \n> ');
  return {
    push(piece) {
      if (stage === 'answer') return answer.push(piece);
      held += piece;
      let out = '';
      if (stage === 'start') {
        const begun = held.trimStart();
        if (thoughtStart.startsWith(begun)) return '';
        if (!begun.startsWith(thoughtStart)) {
          stage = 'answer';
          return answer.push(held);
        }
        stage = 'thought';
        held = begun.slice(thoughtStart.length).trimStart();
        out = '> *Thinking*  \n> ';
      }
      const end = held.indexOf(thoughtEnd);
      if (end >= 0) {
        stage = 'answer';
        const rest = held.slice(end + thoughtEnd.length).trimStart();
        return `${out}${quoted(held.slice(0, end).trimEnd())}\n\n${rest ? answer.push(rest) : ''}`;
      }
      // The end may have come in part.
      const certain = held.slice(0, Math.max(0, held.length - thoughtEnd.length));
      held = held.slice(certain.length);
      return out + quoted(certain);
    },
    end() {
      if (stage === 'thought') return quoted(held);
      return (stage === 'start' ? answer.push(held) : '') + answer.end();
    },
  };
}

/**
 * An expert for code answers in bare code, which Markdown would take for its own marks: it gets a fence. Outside of fences a
 * picture is written out: to show it would tell its server that it was.
 */
function createPlainMarkdown(isCode: boolean): AnswerMarkdown {
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
