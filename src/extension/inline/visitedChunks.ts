/** A piece of a file that was visited or edited. */
interface Chunk {
  path: string;
  text: string;
}

/** Pieces of the files that were visited or edited lately. */
export interface VisitedChunks {
  /** Takes the lines around a place in; of pieces that are nearly the same the newer stays. */
  add(path: string, lines: readonly string[], line: number): void;
  /** Those of other files that share most lines with a text, the most alike last; at most so many characters of them. */
  relevantTo(path: string, lines: readonly string[], characters: number): Chunk[];
}

/** As many as llama.vscode keeps; its pieces have up to 64 lines, which take a processor longer to read than typing rests. */
const mostChunks = 16;
const linesAround = 12;
/** Pieces that share more of their lines are the same one, edited. */
const sameShare = 0.9;
/** Pieces that share less of their lines with what is written have nothing to do with it. */
const leastShare = 0.05;

export function createVisitedChunks(): VisitedChunks {
  let kept: (Chunk & { lines: Set<string> })[] = [];
  return {
    add(path, all, line) {
      const text = all.slice(Math.max(0, line - linesAround), line + linesAround).join('\n');
      const lines = lineSet(text.split('\n'));
      if (lines.size < 3) return;
      kept = kept.filter(other => similarity(lines, other.lines) <= sameShare);
      kept.push({ path, text, lines });
      kept = kept.slice(-mostChunks);
    },
    relevantTo(path, all, characters) {
      const lines = lineSet(all);
      const found = kept
        .filter(chunk => chunk.path !== path)
        .map(chunk => ({ chunk, share: similarity(lines, chunk.lines) }))
        .filter(({ share }) => share >= leastShare)
        .sort((a, b) => b.share - a.share);
      const chosen: Chunk[] = [];
      let left = characters;
      for (const { chunk } of found) {
        if (chunk.text.length > left) continue;
        left -= chunk.text.length;
        chosen.unshift({ path: chunk.path, text: chunk.text });
      }
      return chosen;
    },
  };
}

/** Jaccard's: lines that both have, of those that either has. */
export function similarity(a: ReadonlySet<string>, b: ReadonlySet<string>): number {
  let shared = 0;
  for (const line of a) if (b.has(line)) shared++;
  const all = a.size + b.size - shared;
  return all === 0 ? 0 : shared / all;
}

/** Lines that say something, white space at their ends apart. */
function lineSet(lines: readonly string[]): Set<string> {
  return new Set(lines.map(line => line.trim()).filter(line => /\w/.test(line)));
}
