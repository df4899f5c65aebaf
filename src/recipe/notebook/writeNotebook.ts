import { parseTree } from 'jsonc-parser';
import type { Problem } from '../../protocol/errors.ts';
import { parseRecipe } from '../parse.ts';
import { nextValue } from '../tokens.ts';
import type { RecipeCell, RecipeFrame, RecipeNotebook } from './cells.ts';
import { sameLines, shownText, writtenText } from './cellText.ts';
import { type ListItem, type ListLayout, withoutComma, writeList } from './listText.ts';
import { newNote, noteText, withNoteText } from './note.ts';
import { unreadable } from './readNotebook.ts';

/**
 * The recipe's text. Cells that say what they said when they were read are the same text; of the others their own part
 * alone is another. There is no text where a cell is no JSON: the problems then say which and why.
 */
export function writeNotebook({ frame, cells }: RecipeNotebook): { text?: string; problems: Problem[] } {
  const problems = cells.flatMap((cell, i) => cellProblems(cell, `cell ${i + 1}`));
  return problems.length > 0 ? { problems } : { text: textOf(frame, cells), problems };
}

export type CellRole = 'note' | 'step' | 'definition' | 'blank';

/** What a cell is, by what is written in it. A blank one is not part of the recipe. */
export function roleOf({ kind, text }: RecipeCell): CellRole {
  if (kind === 'note') return 'note';
  const first = nextValue(text, 0);
  if (!first) return 'blank';
  return text[first.start] === '{' ? 'step' : 'definition';
}

function textOf(frame: RecipeFrame, cells: RecipeCell[]): string {
  const { steps, definitions, eol } = frame;
  const written = cells.map(cell => ({ cell, role: roleOf(cell) }));
  const stepItems = written
    .filter(({ role }) => role === 'note' || role === 'step')
    .map(({ cell }) => itemOf(cell, steps.layout, eol));
  const definitionItems = (isAfterSteps: boolean) =>
    written
      .filter(({ cell, role }) => role === 'definition' && (cell.origin?.isAfterSteps ?? false) === isAfterSteps)
      .map(({ cell }) => itemOf(cell, definitions, eol));
  const stepsItem = { before: steps.before, text: steps.open + writeList(steps.layout, stepItems) + steps.close };
  const all = [
    ...definitionItems(false),
    ...(steps.isThere || stepItems.length > 0 ? [stepsItem] : []),
    ...definitionItems(true),
  ];
  return frame.head + writeList(definitions, all) + frame.tail;
}

function itemOf(cell: RecipeCell, layout: ListLayout, eol: string): ListItem {
  const { kind, text, origin } = cell;
  if (!origin) {
    const indentation = /[\r\n]([ \t]*)$/.exec(layout.between)?.[1] ?? '';
    return { text: kind === 'note' ? newNote(text) : writtenText(text, indentation, eol) };
  }
  if (isAsRead(cell)) return origin;
  const { before, indentation } = origin;
  return { before, text: kind === 'note' ? withNoteText(origin.text, text) : writtenText(text, indentation, eol) };
}

/** Whether a cell says what it said when it was read. */
function isAsRead({ kind, text, origin }: RecipeCell): boolean {
  if (!origin) return false;
  const read = kind === 'note' ? noteText(origin.text) : shownText(origin.text, origin.indentation);
  return read !== undefined && sameLines(text, read);
}

/** What keeps a cell from being part of a recipe; `where` begins what is said of it. */
export function cellProblems(cell: RecipeCell, where: string): Problem[] {
  const role = roleOf(cell);
  if (role === 'note' || role === 'blank' || isAsRead(cell)) return [];
  const alone = aloneText(cell);
  const syntax = parseRecipe(alone).problems.filter(p => unreadable.includes(p.code));
  const what = role === 'step' ? 'no step' : 'no definition';
  const messages = syntax.map(p => `${where} is ${what}: ${p.message}`);
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
