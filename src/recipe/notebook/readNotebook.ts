import { type Node, parseTree } from 'jsonc-parser';
import type { Problem } from '../../protocol/errors.ts';
import { mostParts } from '../limits.ts';
import { withoutMark } from '../parse.ts';
import { type CellOrigin, type RecipeCell, type RecipeNotebook, type StepsFrame, unreadableProblems } from './cells.ts';
import { indentationOf, noteText, shownText } from './cellText.ts';
import { type ListItem, type ListLayout, lineEnd, readList } from './listText.ts';

/**
 * A recipe's text as cells, of which `writeNotebook` makes the same text. There is no notebook where the text cannot be
 * taken apart; the problems then say why.
 */
export function readNotebook(text: string): { notebook?: RecipeNotebook; problems: Problem[] } {
  const problems = unreadableProblems(text);
  if (problems.length > 0) return { problems };
  const root = parseTree(withoutMark(text), [], { allowTrailingComma: true })!;
  const shape = shapeProblem(root);
  return shape ? { problems: [shape] } : { notebook: notebookOf(text, root), problems: [] };
}

function shapeProblem(root: Node): Problem | undefined {
  const problem = (where: string, message: string, { offset, length }: Node): Problem => {
    const range = { start: offset, end: offset + length };
    return { code: 'noNotebook', severity: 'error', where, message, range };
  };
  if (root.type !== 'object') return problem('', 'a recipe is a JSON object such as { "experts": {} }', root);
  const [first, second] = (root.children ?? []).filter(isSteps);
  if (second) return problem('steps', "'steps' is written twice; keep one", second);
  const value = first && valueNode(first);
  if (value && value.type !== 'array') return problem('steps', "'steps' is not a list", value);
  const many = (value?.children?.length ?? 0) > mostParts;
  return many ? problem('steps', `a recipe has at most ${mostParts} steps`, value!) : undefined;
}

function notebookOf(text: string, root: Node): RecipeNotebook {
  const eol = /\r\n|\r|\n/.exec(text)?.[0] ?? '\n';
  const properties = root.children ?? [];
  const end = root.offset + root.length - 1;
  const start = lineEnd(text, root.offset + 1);
  const { items, layout } = readList(text, { start, end }, properties, { between: `${eol}  `, last: eol });
  const at = properties.findIndex(isSteps);
  const steps = at < 0 ? newSteps(layout, eol) : readSteps(text, items[at]!, properties[at]!, layout, eol);
  const definitions = items
    .map((item, i) => ({ ...item, isScalar: isScalar(properties[i]!), isAfterSteps: (at >= 0 && i > at) || undefined }))
    .toSpliced(at, at < 0 ? 0 : 1);
  return {
    frame: { eol, head: text.slice(0, start), tail: text.slice(end), definitions: layout, steps: steps.frame },
    cells: [...joinScalars(definitions).map(d => cellOf(d, layout, d.isAfterSteps)), ...steps.cells],
  };
}

interface Definition extends ListItem {
  isScalar: boolean;
  isAfterSteps?: boolean;
}

/** Names, seeds and the like that follow one another are one cell. */
function joinScalars(definitions: readonly Definition[]): Definition[] {
  const joined: Definition[] = [];
  for (const next of definitions) {
    const last = joined.at(-1);
    if (!last?.isScalar || !next.isScalar || last.isAfterSteps !== next.isAfterSteps) joined.push({ ...next });
    else last.text += next.before + next.text;
  }
  return joined;
}

function cellOf({ before, text }: ListItem, { first }: ListLayout, isAfterSteps?: boolean): RecipeCell {
  const origin: CellOrigin = { before, text, indentation: indentationOf(before ?? first, text), isAfterSteps };
  return { kind: 'json', text: shownText(text, origin.indentation), origin };
}

function stepCell(item: ListItem, layout: ListLayout): RecipeCell {
  const cell = cellOf(item, layout);
  const note = noteText(item.text);
  return note === undefined ? cell : { ...cell, kind: 'note', text: note };
}

function readSteps(
  text: string,
  item: ListItem & { start: number },
  property: Node,
  around: ListLayout,
  eol: string,
): { frame: StepsFrame; cells: RecipeCell[] } {
  const { offset, length, children = [] } = valueNode(property)!;
  const start = lineEnd(text, offset + 1);
  const end = offset + length - 1;
  const { items, layout } = readList(text, { start, end }, children, freshSteps(around, eol));
  return {
    frame: {
      before: item.before,
      open: text.slice(item.start, start),
      layout,
      close: text.slice(end, item.start + item.text.length),
      isThere: true,
    },
    cells: items.map(each => stepCell(each, layout)),
  };
}

function newSteps(around: ListLayout, eol: string): { frame: StepsFrame; cells: RecipeCell[] } {
  const { between, last } = freshSteps(around, eol);
  const layout = { first: between, between, last, empty: '', trailingComma: false };
  return { frame: { open: '"steps": [', layout, close: ']', isThere: false }, cells: [] };
}

/** How steps are written where there are none: one level deeper than the definitions. */
function freshSteps({ between }: ListLayout, eol: string): Pick<ListLayout, 'between' | 'last'> {
  const unit = /[\r\n]([ \t]*)$/.exec(between)?.[1] ?? '';
  return { between: `${eol}${unit}${unit || '  '}`, last: `${eol}${unit}` };
}

function isSteps({ children }: Node): boolean {
  return children?.[0]?.value === 'steps';
}

function isScalar(property: Node): boolean {
  return !['object', 'array'].includes(valueNode(property)!.type);
}

function valueNode(property: Node): Node | undefined {
  return property.children?.[1];
}
