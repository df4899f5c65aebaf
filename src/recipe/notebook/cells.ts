import { parseTree } from 'jsonc-parser';
import type { Problem } from '../../protocol/errors.ts';
import { readTree } from '../parse.ts';
import { nextValue } from '../tokens.ts';
import { noteText, sameLines, shownText } from './cellText.ts';
import { type ListItem, type ListLayout, withoutComma } from './listText.ts';

/** A recipe as a notebook: its definitions, then its steps, each in the order of the file. */
export interface RecipeNotebook {
  frame: RecipeFrame;
  cells: RecipeCell[];
}

/** What a recipe's text has around its cells. */
export interface RecipeFrame {
  /** The first line break of the text. */
  eol: string;
  /** Up to where the first definition begins. */
  head: string;
  /** From the bracket behind the last definition. */
  tail: string;
  definitions: ListLayout;
  steps: StepsFrame;
}

export interface StepsFrame {
  /** The white space before the key; none where it is the first. */
  before?: string;
  /** The key and its bracket, with their comments. */
  open: string;
  layout: ListLayout;
  /** From the bracket behind the last step to the end of its line. */
  close: string;
  /** The recipe has the key; without it, it is written with the first step. */
  isThere: boolean;
}

export interface RecipeCell {
  /** `note` for Markdown; in JSON whether it is a definition or a step says the text itself. */
  kind: 'note' | 'json';
  /** Without a comma behind it. */
  text: string;
  /** What it was read from; a new cell has none. */
  origin?: CellOrigin;
}

/** An item of the recipe as it was read. */
export interface CellOrigin extends ListItem {
  indentation: string;
  /** A definition that is written behind the steps. */
  isAfterSteps?: boolean;
}

export type CellRole = 'note' | 'step' | 'definition' | 'blank';

/** What a cell is, by what is written in it. A blank one is not part of the recipe. */
export function roleOf({ kind, text }: RecipeCell): CellRole {
  if (kind === 'note') return 'note';
  const first = nextValue(text, 0);
  if (!first) return 'blank';
  return text[first.start] === '{' ? 'step' : 'definition';
}

/** Why a text cannot be taken apart: it is no JSON, or too much of it. */
export function unreadableProblems(text: string): Problem[] {
  return readTree(text).problems;
}

/** Whether a cell says what it said when it was read. */
export function isAsRead({ kind, text, origin }: RecipeCell): boolean {
  if (!origin) return false;
  const read = kind === 'note' ? noteText(origin.text) : shownText(origin.text, origin.indentation);
  return read !== undefined && sameLines(text, read);
}

/** What keeps a cell from being part of a recipe; `where` begins what is said of it. */
export function cellProblems(cell: RecipeCell, where: string): Problem[] {
  const role = roleOf(cell);
  if (role === 'note' || role === 'blank' || isAsRead(cell)) return [];
  const alone = aloneText(cell);
  const what = role === 'step' ? 'no step' : 'no definition';
  const messages = unreadableProblems(alone).map(p => `${where} is ${what}: ${p.message}`);
  if (messages.length === 0 && role === 'definition' && keysOf(alone).includes('steps'))
    messages.push(`${where}: every step of 'steps' is a cell of its own`);
  return messages.map(message => ({ code: 'badCell', severity: 'error', where, message }));
}

/** A cell as a recipe of its own, whose lines have the numbers that the cell's have. */
export function aloneText(cell: RecipeCell): string {
  const text = withoutComma(cell.text);
  return roleOf(cell) === 'step' ? text : `{${text}\n}`;
}

function keysOf(object: string): unknown[] {
  const { children = [] } = parseTree(object, [], { allowTrailingComma: true })!;
  return children.map(property => property.children?.[0]?.value);
}
