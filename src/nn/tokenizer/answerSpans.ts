import { WorkbenchError } from '../../protocol/errors.ts';
import {
  type ChatMessage,
  type ChatTemplate,
  type RenderOptions,
  renderChat,
  renderGenerations,
  renderOutline,
} from './chatTemplate.ts';

/** Where in a rendered conversation the assistant speaks: `[start, end)` in characters. */
export interface AnswerSpan {
  /** Index of the message. */
  message: number;
  start: number;
  /** Past the token that ends the turn. */
  end: number;
  /** Whether what stands before `start` is the prompt as the template writes it at use. */
  isPromptOfUse: boolean;
  /** Whether a special token ends the turn: what teaches an expert to stop. */
  isEnded: boolean;
  /** Whether the reasoning that the message holds is part of the text; some templates leave that of earlier turns out. */
  hasReasoning: boolean;
}

/** What is rendered around the conversation, and the special tokens of the text. */
export interface SpanOptions extends Omit<RenderOptions, 'addGenerationPrompt'> {
  /** Contents of the special tokens, longest first. */
  specialTokens: readonly string[];
}

/** An answer whose place in the text cannot be told. */
export interface LostAnswer {
  message: number;
  /** How often the template writes an answer that stands in its place. */
  times: number;
}

/**
 * Where the answers of a conversation stand in `text`, which is the conversation as `template` renders it.
 *
 * The template itself says so: it is rendered once more with a character in place of each message that occurs nowhere
 * else, so that everything it writes between messages is known, and with it the place of each message. No text is ever
 * searched for. Where a template's words depend on the answer's (as Qwen3's do for `</think>`), each answer is replaced
 * alone, then its reasoning. A template with `{% generation %}` says where answers are.
 */
export function answerSpans(
  template: ChatTemplate,
  messages: readonly ChatMessage[],
  text: string,
  options: SpanOptions,
): AnswerSpan[] | LostAnswer {
  const answers = messages.flatMap((m, i) => (m.role === 'assistant' ? [i] : []));
  const marked = renderGenerations(template, messages, { ...options, addGenerationPrompt: false });
  if (marked) {
    if (marked.length !== answers.length) return { message: answers[0] ?? 0, times: marked.length };
    return marked.map(({ start, end }, i) => ({
      message: answers[i]!,
      start,
      end,
      isPromptOfUse: isPromptOfUse(template, messages.slice(0, answers[i]), text.slice(0, start), options),
      isEnded: options.specialTokens.some(token => text.slice(start, end).trimEnd().endsWith(token)),
      hasReasoning: true,
    }));
  }
  const talk: Talk = { template, messages, text, options, marks: unusedCharacters(messages, text) };
  const placeOf = (i: number) => (messages[i]!.toolCalls ? placeOfCalls(talk, i) : placeOfOne(talk, i));
  const places = placesOfAll(talk, answers) ?? answers.map(placeOf);
  const lost = places.find(p => 'times' in p);
  if (lost) return lost;
  const found = places as Place[];
  // What the template writes after an answer that nothing follows.
  const last = found.at(-1);
  const tail = last && last.message === messages.length - 1 ? text.slice(last.end) : '';
  return found.map(place => {
    const { message, hasReasoning } = place;
    return { message, hasReasoning, ...startOfTurn(talk, place), ...endOfTurn(talk, place, place === last, tail) };
  });
}

/** Whether the assistant is asked with `before`, where thinking is as it is here. A template may write the header itself. */
function isPromptOfUse(
  template: ChatTemplate,
  earlier: readonly ChatMessage[],
  before: string,
  options: SpanOptions,
): boolean {
  return before.startsWith(renderChat(template, earlier, { ...options, addGenerationPrompt: true }));
}

interface Talk {
  template: ChatTemplate;
  messages: readonly ChatMessage[];
  text: string;
  options: SpanOptions;
  /** A character for each message, and one more. */
  marks: string[];
}

/** Where the words of a message stand, without what the template writes around them. */
interface Place {
  message: number;
  start: number;
  end: number;
  hasReasoning: boolean;
}

function render({ template, options }: Talk, messages: readonly ChatMessage[], addGenerationPrompt = false): string {
  return renderChat(template, messages, { ...options, addGenerationPrompt });
}

/** Characters for private use that occur nowhere in the conversation. */
function unusedCharacters(messages: readonly ChatMessage[], text: string): string[] {
  const all =
    text +
    messages.map(m => m.content + (m.reasoning ?? '') + (m.toolCalls ? JSON.stringify(m.toolCalls) : '')).join('');
  const used = new Set(/[\ue000-\uf8ff]/.test(all) ? all : '');
  const unused: string[] = [];
  for (let code = 0xe000; unused.length <= messages.length && code < 0xf8ff; code++)
    if (!used.has(String.fromCharCode(code))) unused.push(String.fromCharCode(code));
  return unused;
}

const same = (s: string) => s;
const trims = [same, (s: string) => s.trim(), (s: string) => s.trimStart(), (s: string) => s.trimEnd()];

/** All answers at once, where the template writes messages as they are, or trimmed. */
function placesOfAll(talk: Talk, answers: readonly number[]): Place[] | undefined {
  const { template, messages, text, marks } = talk;
  if (messages.some(m => m.reasoning !== undefined || m.toolCalls || m.role === 'tool')) return undefined;
  const replaced = renderOutline(
    template,
    messages.map(({ role }, i) => ({ role, content: marks[i]! })),
    { ...talk.options, addGenerationPrompt: false },
  );
  const at = new Map(marks.map((mark, i) => [mark, i]));
  for (const i of answers) {
    const times = replaced.split(marks[i]!).length - 1;
    if (times !== 1) return undefined;
  }
  // Literal text and messages in turn; `messageAt[i]` comes after `literals[i]`.
  const literals: string[] = [];
  const messageAt: number[] = [];
  let from = 0;
  for (let i = 0; i < replaced.length; i++) {
    const message = at.get(replaced[i]!);
    if (message === undefined) continue;
    literals.push(replaced.slice(from, i));
    messageAt.push(message);
    from = i + 1;
  }
  const end = replaced.slice(from);
  for (const trimAnswer of trims)
    for (const trimPrompt of trims) {
      const places: Place[] = [];
      let built = '';
      for (const [i, message] of messageAt.entries()) {
        const { role, content } = messages[message]!;
        built += literals[i]!;
        const start = built.length;
        built += (role === 'assistant' ? trimAnswer : trimPrompt)(content);
        if (role === 'assistant') places.push({ message, start, end: built.length, hasReasoning: true });
      }
      if (built + end === text) return places;
    }
  return undefined;
}

/** One answer, replaced alone; where what is around it depends on its reasoning, with the reasoning in its place. */
function placeOfOne(talk: Talk, message: number): Place | LostAnswer {
  const { messages, marks } = talk;
  const mark = marks[message]!;
  const { content, reasoning } = messages[message]!;
  const whole = around(talk, message, { content: mark, reasoning: undefined }, mark);
  if (typeof whole === 'object') {
    const writes = talk.text.slice(whole.start, whole.end);
    return {
      message,
      ...whole,
      hasReasoning: reasoning === undefined && holdsReasoning(content) === holdsReasoning(writes),
    };
  }
  // The reasoning stays where it is, what comes after it is replaced.
  const { thought, answer } = splitReasoning(content);
  const withThought = around(talk, message, { content: thought + mark, reasoning }, mark);
  if (typeof withThought !== 'object') return { message, times: withThought ?? whole ?? 0 };
  const other = marks[messages.length]!;
  const thinking =
    reasoning === undefined
      ? { content: thought.replace(/(<think>)[\s\S]*(?=<\/think>)/, `$1${other}`) + answer, reasoning }
      : { content, reasoning: other };
  const before = around(talk, message, thinking, other);
  // A template that leaves the reasoning out begins with the answer.
  if (typeof before !== 'object') return { message, ...withThought, hasReasoning: false };
  const start = talk.text.slice(0, before.start).replace(/<think>\s*$/, '').length;
  return { message, start, end: withThought.end, hasReasoning: true };
}

/**
 * An answer that calls tools: a template writes the calls in a form of its own, so that they have no mark. They stand
 * between the prompt for the answer and what closes the turn, where the conversation as far as there is what the whole
 * begins with; else where another answer, without calls, would stand.
 */
function placeOfCalls(talk: Talk, message: number): Place | LostAnswer {
  const { text, messages, marks, options } = talk;
  const prompt = render(talk, messages.slice(0, message), true);
  const through = render(talk, messages.slice(0, message + 1));
  if (text.startsWith(prompt) && text.startsWith(through) && through.length > prompt.length) {
    const turn = through.trimEnd();
    const closing = options.specialTokens.find(token => turn.endsWith(token)) ?? '';
    const end = turn.length - closing.length;
    if (end > prompt.length) return { message, start: prompt.length, end, hasReasoning: hasReasoning(talk, message) };
  }
  try {
    const plain = { content: marks[message]!, reasoning: undefined, toolCalls: undefined };
    const place = around(talk, message, plain, marks[message]!);
    if (typeof place === 'object') return { message, ...place, hasReasoning: hasReasoning(talk, message) };
  } catch (error) {
    // A template may refuse what a tool gave back where none was called.
    if (!(error instanceof WorkbenchError) || error.code !== 'badRequest') throw error;
  }
  return { message, times: 0 };
}

/** Whether the reasoning of an answer, where it has one, is part of the text. */
function hasReasoning(talk: Talk, message: number): boolean {
  const { text, messages } = talk;
  const { content, reasoning } = messages[message]!;
  if (reasoning === undefined && !holdsReasoning(content)) return true;
  const without = { ...messages[message]!, reasoning: undefined, content: splitReasoning(content).answer };
  return render(talk, messages.with(message, without)) !== text;
}

/** The part of the text that differs when a message is replaced; else how often the replacement is written, if not once. */
function around(
  talk: Talk,
  message: number,
  replacement: Pick<ChatMessage, 'content' | 'reasoning' | 'toolCalls'>,
  mark: string,
): { start: number; end: number } | number | undefined {
  const { messages, text } = talk;
  const parts = render(talk, messages.with(message, { ...messages[message]!, ...replacement })).split(mark);
  if (parts.length !== 2) return parts.length - 1;
  const [before, after] = parts as [string, string];
  const fits = before.length + after.length <= text.length && text.startsWith(before) && text.endsWith(after);
  return fits ? { start: before.length, end: text.length - after.length } : undefined;
}

function holdsReasoning(content: string): boolean {
  return content.includes('</think>');
}

/** An answer's reasoning with the marks around it, and the rest. */
function splitReasoning(content: string): { thought: string; answer: string } {
  const end = /^[\s\S]*<\/think>\s*/.exec(content)?.[0].length ?? 0;
  return { thought: content.slice(0, end), answer: content.slice(end) };
}

/**
 * A turn is learned from where the prompt for it ends at use. That may be before its words: the blank after `Assistant:`
 * belongs to the answer, and so does a block for reasoning that the prompt does not write.
 */
function startOfTurn(talk: Talk, { message, start }: Place): Pick<AnswerSpan, 'start' | 'isPromptOfUse'> {
  const { text, messages, marks } = talk;
  const earlier = messages.slice(0, message);
  const prompt = render(talk, earlier, true);
  if (prompt.length <= start && text.startsWith(prompt)) return { start: prompt.length, isPromptOfUse: true };
  const otherwise = { start, isPromptOfUse: false };
  // Where what comes earlier is written otherwise at use, what is between the question and the answer still counts.
  const asked = message - 1;
  if (messages[asked]?.role !== 'user') return otherwise;
  const mark = marks[asked]!;
  const ask = (turns: readonly ChatMessage[]) => turns.with(asked, { ...turns[asked]!, content: mark });
  const atUse = render(talk, ask(earlier), true).split(mark);
  const inTraining = render(talk, ask(messages)).split(mark);
  if (atUse.length !== 2 || inTraining.length !== 2) return otherwise;
  const question = text.length - inTraining[1]!.length;
  const isSame = question <= start && text.endsWith(inTraining[1]!);
  return isSame && text.slice(question, start).startsWith(atUse[1]!)
    ? { start: question + atUse[1]!.length, isPromptOfUse: false }
    : otherwise;
}

/** Special tokens before the words of a question that opens a conversation. */
function specialTokensOfPrompt(talk: Talk): string[] {
  const { messages, marks, options } = talk;
  const first = messages.findIndex(m => m.role === 'user');
  if (first < 0) return [];
  const opening: ChatMessage[] = [{ role: 'user', content: marks[first]! }];
  const [before = ''] = renderOutline(talk.template, opening, { ...options, addGenerationPrompt: false }).split(
    marks[first]!,
  );
  return options.specialTokens.filter(token => before.includes(token));
}

/**
 * Where a turn ends: past the special token that closes it, or past whatever the template writes after an answer. A
 * special token that opens the next turn (`<|user|>`) closes nothing.
 */
function endOfTurn(talk: Talk, { end }: Place, isLast: boolean, tail: string): Pick<AnswerSpan, 'end' | 'isEnded'> {
  const { text, options } = talk;
  const { specialTokens } = options;
  const after = text.slice(end);
  const blank = after.length - after.trimStart().length;
  const token = specialTokens.find(each => after.startsWith(each, blank));
  const closes = blank + (token?.length ?? 0);
  const ownTail = isLast || after.startsWith(tail) ? tail : '';
  if (token !== undefined && (closes <= ownTail.length || !specialTokensOfPrompt(talk).includes(token)))
    return { end: end + closes, isEnded: true };
  return { end: end + ownTail.length, isEnded: specialTokens.some(each => ownTail.includes(each)) };
}
