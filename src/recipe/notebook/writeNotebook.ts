import type { Problem } from '../../protocol/errors.ts';
import { cellProblems, isAsRead, type RecipeCell, type RecipeFrame, type RecipeNotebook, roleOf } from './cells.ts';
import { newNote, withNoteText, writtenText } from './cellText.ts';
import { type ListItem, type ListLayout, writeList } from './listText.ts';

/**
 * The recipe's text. Cells that say what they said when they were read are the same text; of the others their own part
 * alone is another. There is no text where a cell is no JSON: the problems then say which and why.
 */
export function writeNotebook({ frame, cells }: RecipeNotebook): { text?: string; problems: Problem[] } {
  const problems = cells.flatMap((cell, i) => cellProblems(cell, `cell ${i + 1}`));
  return problems.length > 0 ? { problems } : { text: textOf(frame, cells), problems };
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
