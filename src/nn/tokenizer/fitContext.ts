import { WorkbenchError } from '../../protocol/errors.ts';
import type { ChatMessage } from './chatTemplate.ts';

/** Something that goes with a question: a file, a selection, a variable. */
export interface ContextPiece {
  label: string;
  text: string;
}

export interface FittedPrompt {
  prompt: string;
  history: ChatMessage[];
  /** One sentence for each thing that was cut or left out. */
  leftOut: string[];
}

/** Counts tokens as the model reads them. */
export interface TokenCounter {
  text(text: string): number;
  /** By the base's chat template, up to where the answer begins. */
  conversation(turns: ChatMessage[]): number;
}

/**
 * Puts a question and what goes with it into a model's window: the question whole, then the pieces in order, each cut at
 * the end of a line, then earlier turns, the newest first. `window` and `answer` (the room kept for it) are in tokens.
 * Throws `badRequest` when the question alone leaves no room.
 */
export function fitContext(
  { question, pieces, history = [] }: { question: string; pieces: ContextPiece[]; history?: ChatMessage[] },
  { window, answer }: { window: number; answer: number },
  count: TokenCounter,
): FittedPrompt {
  const room = window - answer;
  const total = (prompt: string, turns: ChatMessage[] = []) =>
    count.conversation([...turns, { role: 'user', content: prompt }]);
  const alone = total(question);
  if (alone > room)
    throw new WorkbenchError(
      'badRequest',
      `The question has ${alone} tokens; the base's window of ${window} holds ${room} beside the answer.`,
      'Ask a shorter question, or use a base with a longer window.',
    );

  const texts = pieces.map(p => p.text.split('\n'));
  const tokens = texts.flat().map(line =>
    count.text(`${line}
`),
  );
  const kept = pieces.map(() => 0);
  let left = room - alone;
  let at = 0;
  for (const [i, lines] of texts.entries()) {
    for (let n = 0; n < lines.length && tokens[at + n]! <= left; n++) {
      left -= tokens[at + n]!;
      kept[i]!++;
    }
    at += lines.length;
  }
  // A text has not exactly the tokens of its lines, and labels and the template add some.
  let prompt = compose(question, pieces, texts, kept);
  for (let used = total(prompt); used > room; used = total(prompt)) {
    const last = kept.findLastIndex(n => n > 0);
    if (last < 0) break;
    kept[last] = Math.max(0, kept[last]! - Math.max(1, Math.ceil((used - room) / 8)));
    prompt = compose(question, pieces, texts, kept);
  }

  const turns: ChatMessage[] = [];
  for (let i = history.length; i >= 2; i -= 2) {
    const longer = [...history.slice(i - 2, i), ...turns];
    if (total(prompt, longer) > room) break;
    turns.splice(0, turns.length, ...longer);
  }
  return { prompt, history: turns, leftOut: leftOut(pieces, texts, kept, (history.length - turns.length) / 2) };
}

function compose(question: string, pieces: ContextPiece[], texts: string[][], kept: number[]): string {
  const used = pieces.flatMap(({ label }, i) => {
    const text = texts[i]!.slice(0, kept[i]).join('\n').trimEnd();
    // One piece needs no name; the experts were trained on a passage followed by its question.
    return text ? [pieces.length > 1 ? `${label}:\n${text}` : text] : [];
  });
  return [...used, question].join(pieces.length > 1 ? '\n\n' : '\n');
}

function leftOut(pieces: ContextPiece[], texts: string[][], kept: number[], turns: number): string[] {
  const notes = pieces.flatMap(({ label }, i) => {
    const lines = texts[i]!.length;
    if (kept[i] === lines) return [];
    return kept[i] === 0
      ? [`${label} was left out.`]
      : [`Of ${label} the first ${kept[i]} of ${lines} lines were read.`];
  });
  return turns > 0 ? [...notes, `${turns} earlier ${turns === 1 ? 'turn was' : 'turns were'} left out.`] : notes;
}
