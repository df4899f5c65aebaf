import { type Edit, findNodeAtOffset, getNodePath, type JSONPath, modify, type Node } from 'jsonc-parser';
import { mergeMethods } from '../../protocol/mergeMethod.ts';
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
  node: Node;
  path: JSONPath;
}

/** The ways to resolve a problem, the likeliest first. */
export function fixesFor({ text, root }: RecipeReading, problem: RecipeProblem): Fix[] {
  const { range, replacement } = problem;
  if (!range || !root) return [];
  const node = findNodeAtOffset(root, range.start);
  const own = node ? (ofCode[problem.code as ProblemCode]?.({ text, node, path: getNodePath(node) }) ?? []) : [];
  const edit = { offset: range.start, length: range.end - range.start, content: replacement ?? '' };
  const replaced = replacement === undefined ? [] : [{ title: `Change to ${replacement}`, edits: [edit] }];
  return [...replaced, ...own];
}

const ofCode: Partial<Record<ProblemCode, (part: Part) => Fix[]>> = {
  unknownKey: part => [removal(part)],
  unusedSetting: part => [removal(part)],
  zeroWeight: part => [removal(part)],
  dataAndAdapter: ({ text, path }) => [
    removal({ text, path: [...path, 'adapter'] }),
    removal({ text, path: [...path, 'data'] }),
  ],
  nothingToTrain: ({ text, path }) => {
    const train = `${path.at(-1)}/train.jsonl`;
    return [{ title: `Train it on ${train}`, edits: modify(text, [...path, 'data'], { train }, layout(text)) }];
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
  missingFile: ({ node }) => {
    const file = String(node.value);
    const text = /\.[ct]sv$/i.test(file)
      ? 'prompt,completion\nWhat is 2 + 3?,5\n'
      : '{"prompt": "What is 2 + 3?", "completion": "5"}\n';
    return [{ title: `Create ${file}`, edits: [], create: { file, text } }];
  },
};

function removal({ text, path }: Pick<Part, 'text' | 'path'>): Fix {
  return { title: `Remove '${path.at(-1)}'`, edits: modify(text, path, undefined, {}) };
}

function layout(text: string): { formattingOptions: { insertSpaces: boolean; tabSize: number; eol: string } } {
  return {
    formattingOptions: { insertSpaces: !/^\t/m.test(text), tabSize: 2, eol: text.includes('\r\n') ? '\r\n' : '\n' },
  };
}
