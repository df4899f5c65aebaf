import { type Edit, findNodeAtOffset, getNodePath, type JSONPath, type Node } from 'jsonc-parser';
import { mergeMethods } from '../../protocol/mergeMethod.ts';
import { visibleText } from '../../protocol/visibleText.ts';
import { nearest } from '../../text/nearest.ts';
import { shortened } from '../../text/shown.ts';
import { changedPart, writeSetting } from '../edit.ts';
import { nodeAt } from '../nodes.ts';
import type { RecipeReading } from '../parse.ts';
import type { ProblemCode, RecipeProblem } from '../problem.ts';

/** Edits that resolve a problem. */
export interface Fix {
  title: string;
  edits: Edit[];
  /** A dataset to be created, as the recipe writes its path, and its first line. */
  create?: { file: string; text: string };
}

/** What the part at a problem is, in the text as it is now. */
interface Part {
  text: string;
  root: Node;
  node: Node;
  path: JSONPath;
}

/** What a name may have been meant for: bases, and data files from the recipe's folder. */
export interface KnownNames {
  bases?: readonly string[];
  dataFiles?: readonly string[];
}

/** Which of them help with a problem: to look for them takes time. */
export function namesNeeded({ code }: Pick<RecipeProblem, 'code'>): keyof KnownNames | undefined {
  return code === 'badBase' ? 'bases' : code === 'missingFile' ? 'dataFiles' : undefined;
}

/** The ways to resolve a problem, the likeliest first. */
export function fixesFor({ text, root }: RecipeReading, problem: RecipeProblem, names: KnownNames = {}): Fix[] {
  const { range, replacement } = problem;
  if (!range || !root) return [];
  const node = findNodeAtOffset(root, range.start);
  const own = node
    ? (ofCode[problem.code as ProblemCode]?.({ text, root, node, path: getNodePath(node) }, names) ?? [])
    : [];
  const edit = { offset: range.start, length: range.end - range.start, content: replacement ?? '' };
  const replaced =
    replacement === undefined ? [] : [{ title: `Change to ${visibleText(shortened(replacement))}`, edits: [edit] }];
  return [...replaced, ...own];
}

const ofCode: Partial<Record<ProblemCode, (part: Part, names: KnownNames) => Fix[]>> = {
  badBase: ({ node }, { bases = [] }) => changeTo(node, nearest(String(node.value), ['embedded', ...bases])),
  unknownKey: part => [removal(part)],
  unusedSetting: part => [removal(part)],
  zeroWeight: part => [removal(part)],
  dataAndAdapter: ({ root, path }) => [
    removal({ root, path: [...path, 'adapter'] }),
    removal({ root, path: [...path, 'data'] }),
  ],
  nothingToTrain: ({ text, path }) => {
    const train = `${path.at(-1)}/train.jsonl`;
    const part = changedPart(text, writeSetting(text, [...path, 'data'], { train }));
    const content = part.text.replace(JSON.stringify({ train }), () => spacedOut(part.text, train));
    const edit = { offset: part.start, length: part.end - part.start, content };
    return [{ title: `Train it on ${visibleText(train)}`, edits: [edit] }];
  },
  negativeWeight: ({ text, node }) => {
    const end = node.offset + node.length;
    const comma = /^\s*,/.exec(text.slice(end))?.[0].length ?? 0;
    const content = ' /* negative: subtracts what it learned */';
    return [{ title: 'Say in a comment that it is meant', edits: [{ offset: end + comma, length: 0, content }] }];
  },
  unequalRanks: ({ node: { value, offset, length } }) => {
    const other = mergeMethods.find(method => method === (value === 'linear' ? 'svd' : `${value}_svd`));
    if (!other) return [];
    const content = JSON.stringify(other);
    return [{ title: `Change to ${content}`, edits: [{ offset, length, content }] }];
  },
  badColumns: ({ text, root, path }) => {
    // Of data that has fields of its own; columns that do not fit together are for people to mend.
    if (path.at(-1) !== 'train' && path.at(-1) !== 'data') return [];
    const at = [...path.slice(0, -1), 'columns'];
    if (nodeAt(root, at)) return [];
    const part = changedPart(text, writeSetting(text, at, { prompt: 'prompt', answer: 'answer' }));
    const edit = { offset: part.start, length: part.end - part.start, content: part.text };
    return [{ title: "Name the columns of prompt and answer in 'columns'", edits: [edit] }];
  },
  missingFile: ({ node }, { dataFiles = [] }) => {
    const file = String(node.value);
    const title = `Create ${visibleText(shortened(file))}`;
    const text = /\.[ct]sv$/i.test(file)
      ? 'prompt,completion\nWhat is 2 + 3?,5\n'
      : '{"prompt": "What is 2 + 3?", "completion": "5"}\n';
    return [...changeTo(node, nearestFile(file, dataFiles)), { title, edits: [], create: { file, text } }];
  },
};

function changeTo({ offset, length }: Node, value: string | undefined): Fix[] {
  if (value === undefined) return [];
  const content = JSON.stringify(value);
  return [{ title: `Change to ${visibleText(shortened(content))}`, edits: [{ offset, length, content }] }];
}

/** A file that is called the same in another folder, else one whose path, or whose name, is nearly the same. */
function nearestFile(file: string, files: readonly string[]): string | undefined {
  const nameOf = (path: string) => path.split('/').at(-1)!;
  const same = files.find(path => nameOf(path) === nameOf(file));
  if (same !== undefined) return same;
  const near = nearest(file, files);
  if (near !== undefined) return near;
  const name = nearest(nameOf(file), files.map(nameOf));
  return files.find(path => nameOf(path) === name);
}

/** The data of an expert as it is written behind `"data":`, in lines of its own where that is on one. */
function spacedOut(member: string, train: string): string {
  const [, eol, indent] = /(\r?\n)([ \t]*)"data"/.exec(member) ?? [];
  const inner = `"train": ${JSON.stringify(train)}`;
  return eol === undefined ? `{ ${inner} }` : `{${eol}${indent}  ${inner}${eol}${indent}}`;
}

/** A key and its value are cut out with what lies between them and their neighbour, in the tree that is there already. */
function removal({ root, path }: Pick<Part, 'root' | 'path'>): Fix {
  const title = `Remove '${visibleText(shortened(String(path.at(-1))))}'`;
  const property = nodeAt(root, path)?.parent;
  const siblings = property?.parent?.children;
  if (property?.type !== 'property' || !siblings) return { title, edits: [] };
  const at = siblings.indexOf(property);
  const before = siblings[at - 1];
  const offset = before ? before.offset + before.length : property.parent!.offset + 1;
  const end = !before && siblings[1] ? siblings[1].offset : property.offset + property.length;
  return { title, edits: [{ offset, length: end - offset, content: '' }] };
}
