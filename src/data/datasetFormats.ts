import type { Message, Role } from './example.ts';
import { ROLES } from './example.ts';

/** How one form of example is written. */
interface Format {
  /** The fields that name the form: a row that has all of them is of it. */
  required: readonly string[];
  optional: readonly string[];
  /** The messages of a row, or undefined with the reason reported. `name` is the form's own, for messages. */
  read(row: Fields, report: Report, name: string): Message[] | undefined;
}

/** One row of a file, by field. */
type Fields = Record<string, unknown>;
type Report = (code: string, message: string) => void;

/** The forms an example can be written in, the first that fits a file being taken. A new form is an entry here. */
export const formats = {
  /** OpenAI's and TRL's chat form: `messages` of `{ role, content }`. */
  messages: { required: ['messages'], optional: [], read: chat },
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

function textField(row: Fields, field: string, format: string, report: Report): string | undefined {
  if (!Object.hasOwn(row, field)) {
    const present = Object.keys(row)
      .slice(0, 8)
      .map(name => `'${name}'`)
      .join(', ');
    report(
      'missingField',
      `field '${field}' is missing; a ${format} example needs it. The line has ${present || 'no fields'}.`,
    );
    return undefined;
  }
  return text(row[field], `field '${field}'`, report);
}

function text(value: unknown, what: string, report: Report): string | undefined {
  if (typeof value !== 'string') {
    const got = value === null ? 'null' : Array.isArray(value) ? 'an array' : `a ${typeof value}`;
    report('wrongType', `${what} must be a string, got ${got}.`);
    return undefined;
  }
  if (value.trim() === '') {
    report('emptyField', `${what} is empty; write its text or delete the line.`);
    return undefined;
  }
  return value;
}

function chatMessages(value: unknown, report: Report): Message[] | undefined {
  if (!Array.isArray(value)) {
    const got = value === null ? 'null' : `a ${typeof value}`;
    report('wrongType', `field 'messages' must be an array of { role, content }, got ${got}.`);
    return undefined;
  }
  const messages: Message[] = [];
  for (const [i, entry] of value.entries()) {
    const what = `field 'messages[${i}]`;
    if (typeof entry !== 'object' || entry === null) {
      report('wrongType', `${what}' must be an object { role, content }.`);
      return undefined;
    }
    const role = text(entry.role, `${what}.role'`, report);
    if (role === undefined) return undefined;
    if (!ROLES.includes(role as Role)) {
      report(
        'unknownRole',
        `${what}.role' is '${role.slice(0, 40)}'; expected one of ${ROLES.map(r => `'${r}'`).join(', ')}.`,
      );
      return undefined;
    }
    const content = text(entry.content, `${what}.content'`, report);
    if (content === undefined) return undefined;
    messages.push({ role: role as Role, content });
  }
  if (messages.at(-1)?.role !== 'assistant' || !messages.some(m => m.role === 'user')) {
    report('noAnswer', "field 'messages' must hold a user message and end with the assistant's answer.");
    return undefined;
  }
  return messages;
}

/** The chat form, one `{ messages }` a row. */
function chat(row: Fields, report: Report): Message[] | undefined {
  if (Object.hasOwn(row, 'messages')) return chatMessages(row.messages, report);
  report('missingField', "field 'messages' is missing; the file is read as chat messages, one { messages } a line.");
  return undefined;
}

/** A form with what is asked in one field and the answer in another; `input` may hold a text that the question is about. */
function exchange(ask: string, reply: string, input?: string): Format {
  return {
    required: [ask, reply],
    optional: input === undefined ? [] : [input],
    read(row, report, name) {
      const prompt = textField(row, ask, name, report);
      const answer = textField(row, reply, name, report);
      if (prompt === undefined || answer === undefined) return undefined;
      const more = (input === undefined ? undefined : row[input]) ?? '';
      if (typeof more !== 'string') {
        report('wrongType', `field '${input}' must be a string, got a ${typeof more}.`);
        return undefined;
      }
      return [
        { role: 'user', content: more.trim() === '' ? prompt : `${prompt}\n\n${more}` },
        { role: 'assistant', content: answer },
      ];
    },
  };
}

/** The messages of one row, or undefined with the reason reported. */
export function rowMessages(row: Fields, format: DatasetFormat, report: Report): Message[] | undefined {
  return formats[format].read(row, report, format);
}

/** The fields of a row that its format does not use. */
export function otherFields(row: Fields, format: DatasetFormat): Fields {
  const { required, optional }: Format = formats[format];
  const used = [...required, ...optional];
  return Object.fromEntries(Object.entries(row).filter(([name]) => !used.includes(name)));
}
