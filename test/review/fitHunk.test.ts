import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { DiffHunk, DiffLine } from '../../src/review/diffHunk.ts';
import { fitHunk } from '../../src/review/fitHunk.ts';

/** A hunk from its marks: `+` for a new line, `-` for a removed one, a space for one around them. */
function hunkOf(marks: string): DiffHunk {
  let number = 1;
  return [...marks].map((mark): DiffLine => {
    if (mark === '-') return { text: 'gone', mark: 'removed' };
    return { text: `line ${number}`, mark: mark === '+' ? 'added' : 'context', number: number++ };
  });
}

function check(marks: string, tokens: number[], room: number, expected: string[], tooLong: number[] = []): void {
  const fitted = fitHunk(hunkOf(marks), tokens, room);
  const signs = { added: '+', removed: '-', context: ' ' };
  assert.deepEqual(
    fitted.pieces.map(piece => piece.map(line => `${signs[line.mark]}${line.number ?? ''}`).join('')),
    expected,
  );
  assert.deepEqual(
    fitted.tooLong.map(line => line.number),
    tooLong,
  );
}

test('a hunk that fits is one piece', () => check(' +- ', [5, 5, 5, 5], 20, [' 1+2- 3']));

test('the lines before a cut go with the next piece, as lines that were there', () =>
  check('+++++++', [4, 4, 4, 4, 4, 4, 4], 24, ['+1+2+3+4+5+6', ' 5 6+7']));

test('of them as many as leave room for new ones', () => check('++++', [10, 10, 10, 10], 20, ['+1+2', '+3+4']));

test('a line that no prompt holds is left out by itself', () => check('+++', [5, 50, 5], 20, ['+1', '+3'], [2]));

test('pieces without new lines are not asked about', () => check('   +', [9, 9, 9, 9], 18, [' 3+4']));

test('each new line is in one piece or too long, and no piece is longer than the room (property)', () => {
  const line = fc.tuple(fc.constantFrom('+', '+', ' ', '-'), fc.integer({ min: 1, max: 30 }));
  fc.assert(
    fc.property(fc.array(line, { maxLength: 40 }), fc.integer({ min: 1, max: 60 }), (lines, room) => {
      const hunk = hunkOf(lines.map(([mark]) => mark).join(''));
      const tokens = lines.map(([, cost]) => cost);
      const { pieces, tooLong } = fitHunk(hunk, tokens, room);
      const added = (part: DiffHunk) => part.flatMap(l => (l.mark === 'added' ? [l.number] : []));
      const seen = [...pieces.flatMap(added), ...added(tooLong)].toSorted((a, b) => a - b);
      assert.deepEqual(seen, added(hunk));
      const costs = new Map(hunk.map((l, i) => [l.number ?? l, tokens[i]!]));
      for (const piece of pieces)
        assert.ok(piece.reduce((sum, l) => sum + costs.get(l.number ?? l)!, 0) <= room, `${room}`);
    }),
  );
});
