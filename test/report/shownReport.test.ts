import assert from 'node:assert/strict';
import test from 'node:test';
import type { Report } from '../../src/protocol/report.ts';
import { shownReports } from '../../src/report/shownReport.ts';
import { reportFixture } from './reportFixture.ts';

/** The fixture with other counts of right answers of the routed system. */
function changed(correct: Record<string, number>): Report {
  const report = reportFixture();
  for (const score of report.scores) if (score.kind === 'routed') score.correct = correct[score.set] ?? score.correct;
  return report;
}

test('a second report is compared set by set, and marked where it differs by more than chance', () => {
  const reports = [reportFixture(), changed({ math: 200, code: 190 })].map((report, i) => ({ path: `${i}`, report }));
  const [first, second] = shownReports(reports);
  assert.ok(first!.rows.every(row => row.cells.every(cell => cell.change === undefined)));
  const routed = second!.rows.find(({ kind }) => kind === 'routed')!;
  const changes = routed.cells.map(({ change }) => [Number(change!.difference.toFixed(4)), change!.beyondNoise]);
  // 230 → 200 of 240, 187 → 190 of 200, 228 as before.
  assert.deepEqual(changes, [
    [-0.125, true],
    [0.015, false],
    [0, false],
  ]);
  assert.equal(routed.overall.change!.beyondNoise, true);
  assert.equal(second!.rows.filter(row => row.cells.some(({ change }) => change?.beyondNoise)).length, 1);
});

test('sets and systems that only one of them has are not compared', () => {
  const other = reportFixture();
  other.sets[0]!.name = 'arithmetic';
  for (const score of other.scores) if (score.set === 'math') score.set = 'arithmetic';
  other.scores = other.scores.filter(score => score.kind !== 'merge');
  const [, second] = shownReports([
    { path: 'a', report: reportFixture() },
    { path: 'b', report: other },
  ]);
  for (const row of second!.rows) {
    assert.deepEqual(
      row.cells.map(({ change }) => change !== undefined),
      [false, true, true],
    );
    assert.equal(row.overall.change, undefined);
  }
});

test('reports of one recipe are told apart by their time', () => {
  const later = reportFixture();
  later.created = '2026-02-01T08:00:00.000Z';
  const labels = shownReports([reportFixture(), later].map((report, i) => ({ path: `${i}`, report }))).map(
    ({ label }) => label,
  );
  assert.deepEqual(labels, [
    'Three experts (fixture, made-up numbers), 2026-01-31 12:30 UTC',
    'Three experts (fixture, made-up numbers), 2026-02-01 08:00 UTC',
  ]);
});
