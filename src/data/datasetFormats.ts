import { choiceLines } from './choices.ts';
import type { Message, Role } from './example.ts';
import { ROLES } from './example.ts';
import { shownType } from './rows.ts';

/** How one form of example is written. */
interface Format {
  /** The fields that name the form: a row that has all of them is of it. */
  required: readonly string[];
  optional: readonly string[];
  /** The messages of a row, or undefined with the reason reported. `name` is the form's own, for messages. */
  read(row: Fields, report: RowReport, name: string): Message[] | undefined;
}

/** One row of a file, by field. */
type Fields = Record<string, unknown>;

/** What is told of a row. */
export interface RowReport {
  problem(code: string, message: string): void;
  /** A field of one of its messages that is not used. */
  unused(name: string): void;
}

/** The forms an example can be written in, the first that fits a file being taken. A new form is an entry here. */
export const formats = {
  /** OpenAI's and TRL's chat form: `messages` of `{ role, content }`. */
  messages: { required: ['messages'], optional: ['system'], read: chat },
  promptCompletion: exchange('prompt', 'completion'),
  /** Alpaca's form (Taori et al. 2023): `input` may be missing or empty. */
  instruction: exchange('instruction', 'output', 'input'),
  questionAnswer: exchange('question', 'answer'),
  promptAnswer: exchange('prompt', 'answer'),
} satisfies Record<string, Format>;

export type DatasetFormat = keyof typeof formats;

const formatNames = Object.keys(formats) as DatasetFormat[];

/** `messages`, `prompt` + `completion`, … as a sentence part for messages. */
export const formatList = formatNames.map(name => formats[name].required.map(f => `'${f}'`).join(' + ')).join(', ');

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

function textField(row: Fields, field: string, format: string, report: RowReport): string | undefined {
  if (!Object.hasOwn(row, field)) {
    const present = Object.keys(row)
      .slice(0, 8)
      .map(name => `'${name.slice(0, 40)}'`)
      .join(', ');
    report.problem(
      'missingField',
      `field '${field}' is missing; a ${format} example needs it. The line has ${present || 'no fields'}.`,
    );
    return undefined;
  }
  return text(row[field], `field '${field}'`, report);
}

function text(value: unknown, what: string, report: RowReport): string | undefined {
  if (typeof value !== 'string') {
    const isPlain = typeof value === 'number' || typeof value === 'boolean';
    report.problem(
      'wrongType',
      `${what} must be a string, got ${shownType(value)}${isPlain ? '; write it in quotes' : ''}.`,
    );
    return undefined;
  }
  if (value.trim() === '') {
    report.problem('emptyField', `${what} is empty; write its text or delete the line.`);
    return undefined;
  }
  if (/\p{Surrogate}/u.test(value)) {
    report.problem('brokenText', `${what} has half a character (an escape \\ud800 to \\udfff alone); write it whole.`);
    return undefined;
  }
  return value;
}

/** The value of a field that a column of CSV holds as JSON; any other as it is. */
function columnValue(value: unknown): unknown {
  if (typeof value !== 'string' || !/^\s*[[{]/.test(value)) return value;
  try {
    return JSON.parse(value);
  } catch {
    return value;
  }
}

/** Whether nothing is lost where a value is left out. */
function isBlank(value: unknown): boolean {
  if (typeof value === 'string') return value.trim() === '';
  return value === undefined || value === null || (typeof value === 'object' && Object.keys(value).length === 0);
}

/** A text that may be missing: empty where it is; undefined with the reason reported where it is none. */
function optionalText(row: Fields, field: string, report: RowReport): string | undefined {
  return isBlank(row[field]) ? '' : text(row[field], `field '${field}'`, report);
}

function chatMessages(value: unknown, report: RowReport): Message[] | undefined {
  if (!Array.isArray(value)) {
    report.problem('wrongType', `field 'messages' must be an array of { role, content }, got ${shownType(value)}.`);
    return undefined;
  }
  const messages: Message[] = [];
  for (const [i, entry] of value.entries()) {
    const message = turn(entry, `field 'messages[${i}]`, report);
    if (!message) return undefined;
    messages.push(message);
  }
  if (messages.at(-1)?.role !== 'assistant' || !messages.some(m => m.role === 'user')) {
    report.problem('noAnswer', "field 'messages' must hold a user message and end with the assistant's answer.");
    return undefined;
  }
  if (messages.every(m => m.role !== 'assistant' || m.weight === 0)) {
    report.problem('noAnswer', "all answers of 'messages' have weight 0, so that nothing is learned; delete the line.");
    return undefined;
  }
  return messages;
}

/** The thoughts of a reasoning model, as servers and chat templates call them; the first that a turn has is read. */
const reasoningFields = ['reasoning_content', 'reasoning', 'thinking'];

/** One message of the chat form. `what` begins a quotation that a field's name ends. */
function turn(entry: unknown, what: string, report: RowReport): Message | undefined {
  if (typeof entry !== 'object' || entry === null) {
    report.problem('wrongType', `${what}' must be an object { role, content }.`);
    return undefined;
  }
  const fields = entry as Fields;
  const role = text(fields.role, `${what}.role'`, report);
  if (role === undefined) return undefined;
  if (!ROLES.includes(role as Role)) {
    report.problem(
      'unknownRole',
      `${what}.role' is '${role.slice(0, 40)}'; expected one of ${ROLES.map(r => `'${r}'`).join(', ')}.`,
    );
    return undefined;
  }
  if (isBlank(fields.content) && !(isBlank(fields.tool_calls) && isBlank(fields.function_call))) {
    report.problem(
      'toolCalls',
      `${what}.content' is empty beside calls of tools, which are not learned; write the call as text or delete the line.`,
    );
    return undefined;
  }
  const content = text(fields.content, `${what}.content'`, report);
  if (content === undefined) return undefined;
  const message: Message = { role: role as Role, content };
  const used = ['role', 'content'];
  if (role === 'assistant') {
    const { weight } = fields;
    if (weight === 0 || weight === 1) message.weight = weight;
    else if (!isBlank(weight)) {
      report.problem('wrongType', `${what}.weight' must be 0 or 1, for an answer that is learned.`);
      return undefined;
    }
    const thoughts = reasoningFields.filter(field => !isBlank(fields[field]));
    if (thoughts.length > 0) {
      const reasoning = text(fields[thoughts[0]!], `${what}.${thoughts[0]}'`, report);
      if (reasoning === undefined) return undefined;
      message.reasoning = reasoning;
    }
    used.push('weight', ...thoughts.filter(field => fields[field] === message.reasoning));
  }
  for (const [name, value] of Object.entries(fields))
    if (!used.includes(name) && !isBlank(value)) report.unused(`messages[].${name}`);
  return message;
}

/** The chat form, one `{ messages }` a row; `system` may stand beside them. */
function chat(row: Fields, report: RowReport): Message[] | undefined {
  if (!Object.hasOwn(row, 'messages')) {
    report.problem(
      'missingField',
      "field 'messages' is missing; the file is read as chat messages, one { messages } a line.",
    );
    return undefined;
  }
  const messages = chatMessages(row.messages, report);
  const system = messages && optionalText(row, 'system', report);
  if (!messages || system === undefined) return undefined;
  const own = messages.find(m => m.role === 'system');
  if (own && system !== '' && system !== own.content) {
    report.problem(
      'twoSystems',
      "field 'system' stands beside another system message in 'messages'; delete one of them.",
    );
    return undefined;
  }
  return own || system === '' ? messages : [{ role: 'system', content: system }, ...messages];
}

/**
 * A form with what is asked in one field and the answer in another. In any of them `system` is a system message,
 * `history` is what was said before (LLaMA-Factory's columns), `context` is a text that stands before the question and
 * `choices` are the answers that it offers; `input` may hold a text that the question is about.
 */
function exchange(ask: string, reply: string, input?: string): Format {
  return {
    required: [ask, reply],
    optional: ['system', 'history', 'context', 'choices', ...(input === undefined ? [] : [input])],
    read(row, report, name) {
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

/** The names of a row's fields that hold something of which nothing is made. */
export function unusedOf(row: Fields, format: DatasetFormat): string[] {
  const { required, optional }: Format = formats[format];
  return Object.keys(row).filter(
    name => !required.includes(name) && !optional.includes(name) && !isBlank(row[name]) && !isMeta(name, row),
  );
}
