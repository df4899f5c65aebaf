import type { Message, Role } from './example.ts';
import { ROLES } from './example.ts';

/** The forms an example can be written in, by the fields that name them. */
const DATASET_FORMATS = {
  /** OpenAI's and TRL's chat form: `messages` of `{ role, content }`. */
  messages: { required: ['messages'], optional: [] },
  promptCompletion: { required: ['prompt', 'completion'], optional: [] },
  /** Alpaca's form (Taori et al. 2023): `input` may be missing or empty. */
  instruction: { required: ['instruction', 'output'], optional: ['input'] },
  questionAnswer: { required: ['question', 'answer'], optional: [] },
  promptAnswer: { required: ['prompt', 'answer'], optional: [] },
} as const satisfies Record<string, { required: readonly string[]; optional: readonly string[] }>;

export type DatasetFormat = keyof typeof DATASET_FORMATS;

const FORMAT_NAMES = Object.keys(DATASET_FORMATS) as DatasetFormat[];

/** `messages`, `prompt` + `completion`, … as a sentence part for messages. */
export const formatList = FORMAT_NAMES.map(name => DATASET_FORMATS[name].required.map(f => `'${f}'`).join(' + ')).join(
  ', ',
);

/**
 * The format of a file: the first that any of its rows has all fields of, else the one a row has most fields of (so that
 * a missing field can be named), else none.
 */
export function detectFormat(rows: readonly Record<string, unknown>[]): DatasetFormat | undefined {
  let best: DatasetFormat | undefined;
  let bestShare = 0;
  for (const row of rows)
    for (const name of FORMAT_NAMES) {
      const { required } = DATASET_FORMATS[name];
      const share = required.filter(field => Object.hasOwn(row, field)).length / required.length;
      if (share === 1) return name;
      if (share > bestShare) [best, bestShare] = [name, share];
    }
  return best;
}

type Report = (code: string, message: string) => void;

function textField(
  row: Record<string, unknown>,
  field: string,
  format: DatasetFormat,
  report: Report,
): string | undefined {
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

/** The messages of one row, or undefined with the reason reported. */
export function rowMessages(
  row: Record<string, unknown>,
  format: DatasetFormat,
  report: Report,
): Message[] | undefined {
  if (format === 'messages') {
    if (!Object.hasOwn(row, 'messages')) {
      report(
        'missingField',
        "field 'messages' is missing; the file is read as chat messages, one { messages } a line.",
      );
      return undefined;
    }
    return chatMessages(row.messages, report);
  }
  const [ask, reply] = DATASET_FORMATS[format].required;
  const prompt = textField(row, ask, format, report);
  const answer = textField(row, reply, format, report);
  if (prompt === undefined || answer === undefined) return undefined;
  const input = format === 'instruction' && row.input !== undefined && row.input !== null ? row.input : '';
  if (typeof input !== 'string') {
    report('wrongType', `field 'input' must be a string, got a ${typeof input}.`);
    return undefined;
  }
  return [
    { role: 'user', content: input.trim() === '' ? prompt : `${prompt}\n\n${input}` },
    { role: 'assistant', content: answer },
  ];
}

/** The fields of a row that its format does not use. */
export function otherFields(row: Record<string, unknown>, format: DatasetFormat): Record<string, unknown> {
  const { required, optional } = DATASET_FORMATS[format];
  const used: readonly string[] = [...required, ...optional];
  return Object.fromEntries(Object.entries(row).filter(([name]) => !used.includes(name)));
}
