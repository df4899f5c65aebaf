import assert from 'node:assert/strict';
import test from 'node:test';
import type { Report, ReportScore } from '../../src/protocol/report.ts';
import { advice, controlsOf } from '../../src/report/controls.ts';
import { reportMarkdown } from '../../src/report/reportMarkdown.ts';
import { reportFixture } from './reportFixture.ts';

/** A report of one set of 100 questions, of which systems answer those that `right` says. */
function reportOf(systems: [ReportScore['kind'], string, (question: number) => boolean][]): Report {
  const scores = systems.map(([kind, system, isRight]): ReportScore => {
    const right = Array.from({ length: 100 }, (_, i) => Number(isRight(i))).join('');
    const correct = right.replaceAll('0', '').length;
    return { system, kind, set: 'all', correct, total: 100, low: 0, high: 1, right };
  });
  const sets: Report['sets'] = [{ name: 'all', expert: 'math', scorer: 'exact', examples: 100 }];
  return { ...reportFixture(), sets, scores };
}

const controls: Parameters<typeof reportOf>[0] = [
  ['base', 'base', () => false],
  ['expert', 'math', i => i < 40],
  ['expert', 'code', i => i >= 80],
  ['control', 'equal weights', i => i % 5 === 0],
  ['control', 'oracle route', i => i < 60],
];

test('routes and merges are compared with the best expert and the controls, question by question', () => {
  const report = reportOf([...controls, ['routed', 'routed', i => i < 58], ['merge', 'both', i => i < 4 || i > 95]]);
  const { names, rows } = controlsOf(report)!;
  assert.deepEqual(names, ['best expert (math)', 'equal weights', 'oracle route']);
  assert.deepEqual(
    rows.map(row => [row.system, ...row.differences.map(d => [Math.round(100 * d.difference), d.beyondNoise])]),
    [
      ['routed', [18, true], [38, true], [-2, false]],
      ['both', [-32, true], [-12, true], [-52, true]],
    ],
  );
  // 18 questions of 100 won and none lost: 0.18 ± t √(0.18 · 0.82 / 99), Student's t of 99 degrees 1.984.
  const { low, high } = rows[0]!.differences[0]!;
  assert.ok(Math.abs(low - 0.1034) < 1e-4 && Math.abs(high - 0.2566) < 1e-4, `${low} ${high}`);
  assert.match(
    reportMarkdown(report),
    /## What to use\n\nUse the router: 58\.0 % of all questions \(the expert math 40\.0 % and the merge both 8\.0 %\)/,
  );
});

test('what is simpler is used where nothing is better beyond noise', () => {
  const merged = reportOf([...controls, ['routed', 'routed', i => i < 58], ['merge', 'both', i => i > 42]]);
  assert.match(
    advice(merged)!,
    /^Use the merge both: 57\.0 %.*the router 58\.0 % \(within noise\).*one adapter and no router/,
  );
  const single = reportOf([...controls, ['routed', 'routed', i => i < 41]]);
  assert.match(advice(single)!, /^Use the expert math: 40\.0 %.*the router 41\.0 % \(within noise\)/);
});

test('a report that does not say which answers are right has no comparison', () => {
  assert.equal(controlsOf(reportFixture()), undefined);
  assert.equal(advice(reportFixture()), undefined);
});
