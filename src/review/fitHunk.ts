import { addedLines, type DiffHunk, type NumberedLine } from './diffHunk.ts';

export interface FittedHunk {
  /** The pieces, each for one prompt; every new line is in one of them. */
  pieces: DiffHunk[];
  /** New lines that are longer than the room by themselves. */
  tooLong: NumberedLine[];
}

/** Lines before a cut that the next piece begins with, so that it is seen where it belongs. */
const OVERLAP = 2;
/** The share of the room that these lines may take. */
const OVERLAP_SHARE = 1 / 3;

/**
 * Cuts a hunk into pieces of at most `room` tokens and `mostNew` new lines. `tokens` are those of each line as a prompt
 * has it.
 */
export function fitHunk(
  hunk: DiffHunk,
  tokens: number[],
  room: number,
  mostNew = Number.POSITIVE_INFINITY,
): FittedHunk {
  const pieces: DiffHunk[] = [];
  const tooLong: NumberedLine[] = [];
  let piece: { line: DiffHunk[number]; cost: number }[] = [];
  const cost = () => piece.reduce((sum, entry) => sum + entry.cost, 0);
  const cut = (): void => {
    const lines = piece.map(entry => entry.line);
    if (lines.some(line => line.mark === 'added')) pieces.push(lines);
  };
  for (const [i, line] of hunk.entries()) {
    const own = tokens[i]!;
    if (own > room) {
      if (line.mark === 'added') tooLong.push(line);
      cut();
      piece = [];
      continue;
    }
    if (cost() + own > room || addedLines(piece.map(entry => entry.line)).length >= mostNew) {
      cut();
      piece = piece
        .filter(entry => entry.line.mark !== 'removed')
        .slice(-OVERLAP)
        // The piece before has asked about these lines.
        .map(entry => ({ ...entry, line: { ...(entry.line as NumberedLine), mark: 'context' } }));
      while (cost() > Math.min(room * OVERLAP_SHARE, room - own)) piece.shift();
    }
    piece.push({ line, cost: own });
  }
  cut();
  return { pieces, tooLong };
}
