import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Random } from '../../src/nn/tensor/random.ts';
import { type DiffHunk, type DiffLine, newLine } from '../../src/review/diffHunk.ts';
import { type Fault, faultIn, isStyle, leftover } from './faults.ts';

/** A change of a real file: what of it is new, and the fault that was put there. */
export interface DrawnHunk {
  file: string;
  languageId: 'javascript' | 'typescript';
  /** The file as it is after the change. */
  text: string;
  hunk: DiffHunk;
  fault?: Fault & { line: number };
}

const mostContext = 2;
const mostBytes = 60_000;

/** Files of packages that were written by people, in the order of their names. */
export function sourceFiles(folder: string): string[] {
  const found: string[] = [];
  const visit = (path: string, depth: number): void => {
    const entries = readdirSync(join(folder, path), { withFileTypes: true });
    for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
      const inside = path ? `${path}/${entry.name}` : entry.name;
      if (entry.isDirectory() && depth < 6 && !/^(dist|umd|build|bundled?|min|esm|cjs|\..*)$/.test(entry.name))
        visit(inside, depth + 1);
      else if (entry.isFile() && /\.(?:m|c)?[jt]s$/.test(entry.name) && !/\.d\.|\.min\.|bundle/.test(entry.name))
        found.push(inside);
    }
  };
  visit('', 0);
  return found;
}

/** So many changes, half of them with a fault in one new line, each of another file. */
export function drawHunks(folder: string, count: number, random: Random): DrawnHunk[] {
  const files = random.shuffle(sourceFiles(folder));
  const kinds = new Map<string, number>();
  const drawn: DrawnHunk[] = [];
  for (const file of files) {
    if (drawn.length === count) break;
    const text = readFileSync(join(folder, file), 'utf8');
    const lines = text.split(/\r?\n/);
    if (lines.length < 30 || text.length > mostBytes || text.length / lines.length > 60) continue;
    const one = drawHunk(file, lines, drawn.length % 2 === 0, kinds, random);
    if (one) drawn.push(one);
  }
  return drawn;
}

function drawHunk(
  file: string,
  lines: string[],
  isFaulty: boolean,
  kinds: Map<string, number>,
  random: Random,
): DrawnHunk | undefined {
  for (let attempt = 0; attempt < 20; attempt++) {
    const count = random.integer(3, 7);
    const start = random.integer(mostContext, lines.length - count - mostContext);
    const all = lines.slice(start, start + count);
    if (all.filter(line => /[;{})]$/.test(line) && !/^\s*(?:\/\/|\/?\*)/.test(line)).length < 3) continue;
    if (all.some(line => line.length > 120)) continue;
    const changed = [...lines];
    let fault: DrawnHunk['fault'];
    let added = count;
    if (isFaulty) {
      const at = start + random.integer(0, count - 1);
      const found = random.uniform() < 0.15 ? leftover(lines[at]!, random) : faultIn(lines[at]!, random);
      // Kinds that any line can have would be most of them.
      if (!found || isStyle(found.kind, lines) || (kinds.get(found.kind) ?? 0) > Math.min(...kinds.values(), 99) + 5)
        continue;
      kinds.set(found.kind, (kinds.get(found.kind) ?? 0) + 1);
      const isNew = found.right === '';
      changed.splice(isNew ? at + 1 : at, isNew ? 0 : 1, found.wrong);
      if (isNew) added++;
      fault = { ...found, line: at + 1 + (isNew ? 1 : 0) };
    }
    const first = start - mostContext;
    const hunk = changed.slice(first, start + added + mostContext).map((line, i): DiffLine => {
      const number = first + i + 1;
      const isAdded = number > start && number <= start + added;
      return isAdded ? newLine(line, number) : { text: line, mark: 'context', number };
    });
    const languageId = /ts$/.test(file) ? 'typescript' : 'javascript';
    return { file, languageId, text: changed.join('\n'), hunk, ...(fault && { fault }) };
  }
  return undefined;
}
