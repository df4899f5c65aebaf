import { chat, endsWithAnswer, turns } from './chatForm.ts';
import { choiceLines } from './choices.ts';
import type { Example, Message, ToolSchema } from './example.ts';
import {
  columnValue,
  type Fields,
  isBlank,
  optionalText,
  type RowReport,
  text,
  textField,
  textOrEmpty,
} from './fields.ts';
import { toolsOf } from './toolForm.ts';

/** How one form of example is written. */
interface Format {
  /** The fields that name the form: a row that has all of them is of it. */
  required: readonly string[];
  optional: readonly string[];
  /** The messages of a row, or undefined with the reason reported. `name` is the form's own, for messages. */
  read(row: Fields, report: RowReport, name: string): Message[] | undefined;
  /** Examples that are learned whole and as they are, without the chat template. */
  isText?: true;
  /** Examples of a gap and what fills it. */
  isFill?: true;
  /** A form that is known and not read. */
  isRefused?: true;
}

/** The forms an example can be written in, the first that fits a file being taken. A new form is an entry here. */
export const formats = {
  /** DPO's and reward models' pairs (`prompt`, `chosen`, `rejected`). */
  preference: { required: ['chosen', 'rejected'], optional: [], read: refusePreference, isRefused: true },
  /** OpenAI's and TRL's chat form: `messages` of `{ role, content }`. */
  messages: chatIn('messages'),
  /** ShareGPT's: `conversations` of `{ from, value }`, or of `{ role, content }`. */
  conversations: chatIn('conversations'),
  conversation: chatIn('conversation'),
  promptCompletion: exchange('prompt', 'completion'),
  /** Alpaca's form (Taori et al. 2023): `input` may be missing or empty. */
  instruction: exchange('instruction', 'output', 'input'),
  /** Dolly's (Conover et al. 2023). */
  instructionResponse: exchange('instruction', 'response', 'input'),
  questionAnswer: exchange('question', 'answer'),
  promptAnswer: exchange('prompt', 'answer'),
  promptResponse: exchange('prompt', 'response'),
  promptOutput: exchange('prompt', 'output'),
  questionResponse: exchange('question', 'response'),
  queryResponse: exchange('query', 'response'),
  queryAnswer: exchange('query', 'answer'),
  problemSolution: exchange('problem', 'solution'),
  inputOutput: exchange('input', 'output'),
  userAssistant: exchange('user', 'assistant'),
  /** SQuAD's (Rajpurkar et al. 2016): of several `answers` the first. */
  questionAnswers: { ...exchange('question', 'answers'), read: readAnswers },
  /** A gap in a text, and what fills it. */
  fill: { required: ['prefix', 'suffix', 'middle'], optional: [], read: readFill, isFill: true },
  /** A text that is learned whole. */
  text: { required: ['text'], optional: [], read: readText, isText: true },
} satisfies Record<string, Format>;

export type DatasetFormat = keyof typeof formats;

const formatNames = Object.keys(formats) as DatasetFormat[];

/** `messages`, `prompt` + `completion`, … as a sentence part for messages. */
export const formatList = formatNames
  .filter(name => !(formats[name] as Format).isRefused)
  .map(name => formats[name].required.map(f => `'${f}'`).join(' + '))
  .join(', ');

/** Whether a row has all fields of a form. */
export function isComplete(row: Fields): boolean {
  return formatNames.some(name => formats[name].required.every(field => Object.hasOwn(row, field)));
}

/**
 * The format of a file: the first that any of its rows has all fields of, else the one a row has most fields of (so that
 * a missing field can be named), else none.
 */
export function detectFormat(rows: readonly Fields[]): DatasetFormat | undefined {
  let best: DatasetFormat | undefined;
  let bestShare = 0;
  for (const row of rows)
    for (const name of formatNames) {
      const { required }: Format = formats[name];
      const share = required.filter(field => Object.hasOwn(row, field)).length / required.length;
      if (share === 1) return name;
      if (share > bestShare) [best, bestShare] = [name, share];
    }
  return best;
}

function chatIn(field: string): Format {
  return { required: [field], optional: ['system', 'tools'], read: (row, report) => chat(row, field, report) };
}

function refusePreference(_row: Fields, report: RowReport): undefined {
  report.problem(
    'preference',
    "'chosen' and 'rejected' are two answers to compare (DPO, reward models), which is not trained here; keep the chosen answers, as 'prompt' and 'completion'.",
  );
}

function readText(row: Fields, report: RowReport, name: string): Message[] | undefined {
  const content = textField(row, 'text', name, report);
  return content === undefined ? undefined : [{ role: 'assistant', content }];
}

/** What follows the gap is read by rowFill. */
function readFill(row: Fields, report: RowReport, name: string): Message[] | undefined {
  const prefix = textOrEmpty(row, 'prefix', name, report);
  const suffix = textOrEmpty(row, 'suffix', name, report);
  const middle = textField(row, 'middle', name, report);
  if (prefix === undefined || suffix === undefined || middle === undefined) return undefined;
  return [
    { role: 'user', content: prefix },
    { role: 'assistant', content: middle },
  ];
}

/**
 * A form with what is asked in one field and the answer in another. In any of them `system` is a system message,
 * `history` is what was said before (LLaMA-Factory's columns), `context` is a text that stands before the question and
 * `choices` are the answers that it offers; `input` may hold a text that the question is about. Both may be lists of
 * messages (TRL's conversational form).
 */
function exchange(ask: string, reply: string, input?: string): Format {
  return {
    required: [ask, reply],
    optional: ['system', 'history', 'context', 'choices', 'tools', ...(input === undefined ? [] : [input])],
    read(row, report, name) {
      if (Array.isArray(row[ask])) return conversational(row, ask, reply, report, name);
      const prompt = textField(row, ask, name, report);
      const answer = textField(row, reply, name, report);
      if (prompt === undefined || answer === undefined) return undefined;
      const context = optionalText(row, 'context', report);
      const more = input === undefined ? '' : optionalText(row, input, report);
      const system = optionalText(row, 'system', report);
      const offered = columnValue(row.choices);
      const choices = isBlank(offered) ? [] : choiceLines(offered);
      if (!choices)
        report.problem('wrongType', "field 'choices' must be an array of strings, or { text: […], label: […] }.");
      const before = history(columnValue(row.history), report);
      if (context === undefined || more === undefined || system === undefined || !choices || !before) return undefined;
      const asked = [context, prompt, more].filter(part => part !== '').join('\n\n');
      const question = text([asked, ...choices].join('\n'), "field 'choices'", report);
      if (question === undefined) return undefined;
      return [
        ...(system === '' ? [] : [{ role: 'system' as const, content: system }]),
        ...before,
        { role: 'user', content: question },
        { role: 'assistant', content: answer },
      ];
    },
  };
}

/** TRL's conversational form: the messages before the answer, and the answer as a text or as messages. */
function conversational(
  row: Fields,
  ask: string,
  reply: string,
  report: RowReport,
  name: string,
): Message[] | undefined {
  const asked = turns(row[ask], ask, report);
  const answer = Array.isArray(row[reply])
    ? turns(row[reply], reply, report)
    : textAsAnswer(textField(row, reply, name, report));
  if (!asked || !answer) return undefined;
  // What is used of a question in one text has no place beside messages.
  for (const field of ['system', 'history', 'context', 'choices']) if (!isBlank(row[field])) report.unused(field);
  // Answers within the prompt are read, not learned.
  const before = asked.map(m => (m.role === 'assistant' ? { ...m, weight: 0 as const } : m));
  const messages = [...before, ...answer];
  return endsWithAnswer(messages, `fields '${ask}' and '${reply}'`, report) ? messages : undefined;
}

function textAsAnswer(content: string | undefined): Message[] | undefined {
  return content === undefined ? undefined : [{ role: 'assistant', content }];
}

/** `answers` as `{ text: […] }`, a list of texts, or a text; the first counts, and others that differ are not used. */
function readAnswers(row: Fields, report: RowReport, name: string): Message[] | undefined {
  const value = columnValue(row.answers);
  const listed = Array.isArray(value) || typeof value !== 'object' || value === null ? value : (value as Fields).text;
  const all: unknown[] = Array.isArray(listed) ? listed : [listed];
  if (all.length === 0 && Object.hasOwn(row, 'answers')) {
    report.problem('noAnswer', "field 'answers' is empty: the question has no answer to learn; delete the line.");
    return undefined;
  }
  if (all.some(other => other !== all[0])) report.unused('answers after the first');
  return exchange('question', 'answers').read({ ...row, answers: all[0] }, report, name);
}

/** Earlier turns, `[question, answer]` each; undefined with the reason reported. */
function history(value: unknown, report: RowReport): Message[] | undefined {
  if (isBlank(value)) return [];
  if (!Array.isArray(value) || !value.every(pair => Array.isArray(pair) && pair.length === 2)) {
    report.problem('wrongType', "field 'history' must be an array of [question, answer].");
    return undefined;
  }
  const messages: Message[] = [];
  for (const [i, pair] of value.entries())
    for (const [j, role] of (['user', 'assistant'] as const).entries()) {
      const content = text(pair[j], `field 'history[${i}][${j}]'`, report);
      if (content === undefined) return undefined;
      messages.push({ role, content });
    }
  return messages;
}

/** The messages of one row, or undefined with the reason reported. */
export function rowMessages(row: Fields, format: DatasetFormat, report: RowReport): Message[] | undefined {
  return formats[format].read(row, report, format);
}

/** What stands behind the gap of a row that was read; undefined for other forms. */
export function rowFill(row: Fields, format: DatasetFormat): Example['fill'] {
  return (formats[format] as Format).isFill && { suffix: row.suffix as string };
}

/** Whether the examples of a form are learned whole. */
export function isTextForm(format: DatasetFormat): boolean {
  return (formats[format] as Format).isText === true;
}

/**
 * Fields of a row that are read beside its messages: `tests` by the scorer `code`. `kind` and `key` say what the
 * examples that ship were made from; they are for whoever looks at answers, and for the check that no held-out question
 * is trained on.
 */
const metaFields = ['tests', 'kind', 'key'];

const nothing: Record<string, unknown> = Object.freeze({});

export function metaOf(row: Fields): Record<string, unknown> {
  const found = metaFields.filter(name => isMeta(name, row));
  return found.length === 0 ? nothing : Object.fromEntries(found.map(name => [name, row[name]]));
}

function isMeta(name: string, row: Fields): boolean {
  if (!metaFields.includes(name) || !Object.hasOwn(row, name)) return false;
  const value = row[name];
  return name === 'tests' ? Array.isArray(value) && value.every(t => typeof t === 'string') : typeof value === 'string';
}

/** What the assistant may call in a row; undefined with the reason reported. */
export function rowTools(row: Fields, format: DatasetFormat, report: RowReport): ToolSchema[] | undefined {
  return (formats[format] as Format).optional.includes('tools') ? toolsOf(row, report) : [];
}

/** The names of a row's fields that hold something of which nothing is made. */
export function unusedOf(row: Fields, format: DatasetFormat): string[] {
  const { required, optional }: Format = formats[format];
  return Object.keys(row).filter(
    name => !required.includes(name) && !optional.includes(name) && !isBlank(row[name]) && !isMeta(name, row),
  );
}
