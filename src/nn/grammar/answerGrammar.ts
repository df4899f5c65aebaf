import { WorkbenchError } from '../../protocol/errors.ts';
import { type Item, type ItemList, Items } from './item.ts';
import { Pushdown } from './pushdown.ts';
import { isObject, type Schema, wrongSchema } from './schemaKeywords.ts';
import { SchemaNodes } from './schemaNodes.ts';
import type { Vocabulary } from './vocabulary.ts';

/** Fixed texts, which may hold special tokens, around JSON that fits one of some schemas. */
export interface AnswerForm {
  open: string;
  /** Each with a text of its own before it. */
  values: readonly { before: string; schema: Schema }[];
  close: string;
  /** What comes before another value, which may follow after `close`; without it there is one value. */
  next?: string;
  end: string;
}

/** An answer that is one JSON value. */
export function jsonForm(schema: Schema): AnswerForm {
  return { open: '', values: [{ before: '', schema }], close: '', end: '' };
}

/** Characters of a schema as JSON. */
const longest = 100_000;
const deepest = 64;

/** What an answer may be, compiled for a vocabulary. */
export interface AnswerGrammar {
  pushdown: Pushdown;
  /** Grows while answers are written. */
  size(): number;
}

/**
 * The grammar of answers of a form. JSON is written on one line, with at most one blank after each
 * comma and colon; properties in the order of the schema, and none beside those that it lists unless it says so;
 * numbers with at most 15 digits, or 16 and an exponent of two where no bounds are given.
 * Throws `badRequest` for what is no schema or fits nothing, `unsupported` with the keyword for what answers cannot be
 * held to.
 */
export function answerGrammar(vocabulary: Vocabulary, form: AnswerForm): AnswerGrammar {
  const items = new Items();
  const text = (part: string) => fixed(items, vocabulary, part);
  const values = form.values.map(({ before, schema }): ItemList => {
    checkSize(schema);
    const schemas = new SchemaNodes(schema, items);
    const root = schemas.of(schema, '#');
    schemas.nodes.settle();
    if (!root.canBeWritten) throw wrongSchema('#', 'fits no JSON that can be written');
    return [...text(before), root.item];
  });
  const value = items.oneOf(() => values);
  const further = form.next === undefined ? [] : [[...text(form.next), value, ...text(form.close)]];
  const rest: Item = items.oneOf(() => [text(form.end), ...further.map(list => [...list, rest])]);
  const pushdown = new Pushdown(vocabulary, [...text(form.open), value, ...text(form.close), rest]);
  return { pushdown, size: () => items.count + pushdown.made };
}

/** A text whose special tokens are taken as such. */
function fixed(items: Items, { specialTokens, idOf }: Vocabulary, text: string): ItemList {
  const list: ItemList[number][] = [];
  for (let rest = text; rest !== ''; ) {
    const places = specialTokens.map(token => rest.indexOf(token)).map((at, i) => ({ at, token: specialTokens[i]! }));
    // The longest of those that begin first.
    const found = places.filter(p => p.at >= 0 && p.token !== '').sort((a, b) => a.at - b.at)[0];
    const plain = found ? rest.slice(0, found.at) : rest;
    if (plain !== '') list.push(items.literal(plain));
    if (found) list.push(items.token(idOf(found.token)!));
    rest = found ? rest.slice(found.at + found.token.length) : '';
  }
  return list;
}

/** Throws `badRequest` and `unsupported` for what is no schema, or too large a one. */
export function checkSize(schema: unknown): void {
  if (typeof schema !== 'boolean' && !isObject(schema)) throw wrongSchema('#', 'should be an object, true or false');
  let level: unknown[] = [schema];
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > deepest * 2) throw wrongSchema('#', `has more than ${deepest * 2} objects and lists in each other`);
    level = level.flatMap(value => Object.values(value as object)).filter(v => typeof v === 'object' && v !== null);
  }
  const { length } = JSON.stringify(schema);
  if (length <= longest) return;
  throw new WorkbenchError(
    'unsupported',
    `the schema has ${length} characters as JSON; ${longest} are read`,
    'Use a smaller schema.',
  );
}
