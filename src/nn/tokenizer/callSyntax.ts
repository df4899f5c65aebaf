import { WorkbenchError } from '../../protocol/errors.ts';
import { answerSpans } from './answerSpans.ts';
import { type ChatMessage, type ChatTemplate, type RenderOptions, renderChat, tokensOf } from './chatTemplate.ts';
import { endOfTurnToken } from './encodeExample.ts';
import { isFields, objectAt, parsed } from './jsonObject.ts';
import type { Tokenizer } from './tokenizer.ts';
import { toolSupport } from './toolSupport.ts';

/** How the name and the arguments of one call are written. */
type CallBody =
  /** One JSON object. `name` and `arguments` are the keys that lead to them; `sample` is one with the marks as values. */
  | { kind: 'object'; sample: Record<string, unknown>; name: string[]; arguments: string[]; isText: boolean }
  /** The name, this, and the arguments as JSON. */
  | { kind: 'named'; between: string };

/**
 * How a chat template writes calls of tools: `open`, a body, `close`, and for each further call `next`, a body, `close`;
 * after the last one `end`. White space in and around these may differ in what a model writes.
 */
export interface CallSyntax {
  open: string;
  close: string;
  /** Undefined where the template writes no more than one call in an answer. */
  next?: string;
  end: string;
  body: CallBody;
  /** What else opens a call: a token of the model's own that the template leaves out. */
  otherOpen?: string;
  /** Ids of calls have nine letters and digits: Mistral's templates refuse others. */
  hasShortIds: boolean;
  /** Special tokens among all of this, which a text of the answer has to show. */
  specialIds: ReadonlySet<number>;
}

/** Words that no template has of its own. */
const marks = [
  { name: 'callaxq', key: 'argaxq', id: 'idaxqidax' },
  { name: 'callbxq', key: 'argbxq', id: 'idbxqidbx' },
] as const;
type Mark = (typeof marks)[number];

const known = new WeakMap<ChatTemplate, { syntax: CallSyntax | undefined }>();

/**
 * How a base's template writes calls: it is asked with a conversation that calls. Undefined where it writes none, or in a
 * form that is not read.
 */
export function callSyntax(tokenizer: Tokenizer, template: ChatTemplate): CallSyntax | undefined {
  const found = known.get(template) ?? { syntax: findSyntax(tokenizer, template) };
  known.set(template, found);
  return found.syntax;
}

function findSyntax(tokenizer: Tokenizer, template: ChatTemplate): CallSyntax | undefined {
  const options = { ...tokensOf(tokenizer), specialTokens: tokenizer.specialTokens };
  if (!toolSupport(template, options).calls) return undefined;
  const one = writtenCalls(tokenizer, template, marks.slice(0, 1));
  const two = writtenCalls(tokenizer, template, marks);
  const text = two ?? one;
  if (text === undefined) return undefined;
  const [first, second] = marks;
  const body = findBody(text, first, two === undefined ? undefined : second);
  if (!body) return undefined;
  const bodyOfSecond = two === undefined ? undefined : findBody(two, second);
  const before = text.slice(0, body.start);
  const after = text.slice((bodyOfSecond ?? body).end);
  const between = bodyOfSecond && text.slice(body.end, bodyOfSecond.start);
  const close = between === undefined ? after : commonStart(between, after);
  const syntax = {
    open: before.trimStart(),
    close,
    ...(between !== undefined && { next: between.slice(close.length) }),
    end: after.slice(close.length),
    body: body.body,
    ...(before.trim() === '' && tokenizer.idOf(pythonTag) !== undefined && { otherOpen: pythonTag }),
    hasShortIds: !takesLongIds(template, options),
  };
  const all = [syntax.open, close, syntax.next, syntax.end, syntax.otherOpen].join('\n') + middleOf(body.body);
  const ids = tokenizer.specialTokens.filter(token => all.includes(token)).map(token => tokenizer.idOf(token)!);
  return { ...syntax, specialIds: new Set(ids) };
}

/** Llama 3.x writes it before a call, or does not. */
const pythonTag = '<|python_tag|>';

function middleOf(body: CallBody): string {
  return body.kind === 'named' ? body.between : '';
}

function conversation(calls: readonly Mark[], idOf = (mark: Mark): string => mark.id): ChatMessage[] {
  const toolCalls = calls.map(mark => ({
    id: idOf(mark),
    type: 'function' as const,
    function: { name: mark.name, arguments: { [mark.key]: 'x' } },
  }));
  return [
    { role: 'user', content: 'q' },
    { role: 'assistant', content: '', toolCalls },
  ];
}

/** What the template writes for an answer that makes these calls, without what ends it; undefined where it refuses. */
function writtenCalls(tokenizer: Tokenizer, template: ChatTemplate, calls: readonly Mark[]): string | undefined {
  const options = { ...tokensOf(tokenizer), specialTokens: tokenizer.specialTokens };
  const messages = conversation(calls);
  const text = unlessRefused(() => renderChat(template, messages, { ...options, addGenerationPrompt: false }));
  if (text === undefined || calls.some(mark => !text.includes(mark.name) || !text.includes(mark.key))) return undefined;
  const spans = answerSpans(template, messages, text, options);
  if (!Array.isArray(spans) || !spans[0]) return undefined;
  const answer = text.slice(spans[0].start, spans[0].end).replace(/^\s*<think>\s*<\/think>\s*/, '');
  const ends = [tokenizer.eosToken, endOfTurnToken(tokenizer, template)].flatMap(end => (end ? [end] : []));
  const lastCall = answer.lastIndexOf(calls.at(-1)!.key);
  const at = ends.map(end => answer.indexOf(end, lastCall)).filter(i => i >= 0);
  return answer.slice(0, at.length > 0 ? Math.min(...at) : undefined).trimEnd();
}

function unlessRefused<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch (error) {
    if (error instanceof WorkbenchError && error.code === 'badRequest') return undefined;
    throw error;
  }
}

/** Where one call stands in what a template wrote; `other` is a call that is no part of it. */
function findBody(text: string, mark: Mark, other?: Mark): { start: number; end: number; body: CallBody } | undefined {
  const nameAt = text.indexOf(mark.name);
  for (let start = text.indexOf('{'); start >= 0 && start < nameAt; start = text.indexOf('{', start + 1)) {
    const place = objectAt(text, start);
    if (typeof place === 'string' || place.end < nameAt) continue;
    const written = text.slice(start, place.end);
    if (!written.includes(mark.key) || (other && written.includes(other.name))) continue;
    const sample = parsed(written) as Record<string, unknown>;
    const name = pathTo(sample, value => value === mark.name);
    const object = pathTo(sample, value => isFields(value) && mark.key in value);
    const json = pathTo(sample, value => typeof value === 'string' && value.includes(`"${mark.key}"`));
    const args = object ?? json;
    if (name && args)
      return { start, end: place.end, body: { kind: 'object', sample, name, arguments: args, isText: !object } };
  }
  const argumentsAt = text.lastIndexOf('{', text.indexOf(mark.key));
  const place = objectAt(text, argumentsAt);
  if (argumentsAt < nameAt || typeof place === 'string') return undefined;
  const between = text.slice(nameAt + mark.name.length, argumentsAt);
  return { start: nameAt, end: place.end, body: { kind: 'named', between } };
}

/** The keys that lead to a value. */
function pathTo(value: Record<string, unknown>, isIt: (value: unknown) => boolean): string[] | undefined {
  for (const [key, inner] of Object.entries(value)) {
    if (isIt(inner)) return [key];
    const path = isFields(inner) ? pathTo(inner, isIt) : undefined;
    if (path) return [key, ...path];
  }
  return undefined;
}

/** What two texts begin with alike, cut back to the end of a mark where it would end within one. */
function commonStart(a: string, b: string): string {
  let length = 0;
  while (length < a.length && a[length] === b[length]) length++;
  if (length === a.length || length === b.length) return a.slice(0, length);
  return /^[\s\S]*[>\])}\s]/.exec(a.slice(0, length))?.[0] ?? '';
}

function takesLongIds(template: ChatTemplate, options: Omit<RenderOptions, 'addGenerationPrompt'>): boolean {
  const messages = conversation(marks.slice(0, 1), mark => `call_${mark.id}`);
  return unlessRefused(() => renderChat(template, messages, { ...options, addGenerationPrompt: false })) !== undefined;
}
