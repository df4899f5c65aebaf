import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import test from 'node:test';
import fc from 'fast-check';
import { WorkbenchError } from '../../src/protocol/errors.ts';
import { lossCurves } from '../../src/report/lossCurves.ts';
import { parseReport } from '../../src/report/parseReport.ts';
import { reportHtml } from '../../src/report/reportHtml.tsx';
import { reportMarkdown } from '../../src/report/reportMarkdown.ts';
import { shownReports } from '../../src/report/shownReport.ts';

const text = readFileSync(new URL('../fixtures/report/report.json', import.meta.url), 'utf8');

test('a report is what its file says; a loss that is no number stays none', () => {
  const report = parseReport(text, 'report.json');
  assert.deepEqual(report, JSON.parse(text));
  const diverged = JSON.parse(text);
  diverged.curves[0].train[3].loss = Number.NaN;
  assert.ok(Number.isNaN(parseReport(JSON.stringify(diverged), 'report.json').curves[0]!.train[3]!.loss));
});

test('what is no report is refused by name, with the place', () => {
  assert.throws(() => parseReport('{', 'a/report.json'), {
    code: 'badFile',
    message: /^a\/report\.json is not JSON: /,
  });
  assert.throws(() => parseReport('{"version":2}', 'a/report.json'), {
    code: 'badFile',
    message: /^a\/report\.json is not a report: 'version' does not fit/,
  });
  const damaged = JSON.parse(text);
  damaged.scores[4].correct = 'many';
  assert.throws(() => parseReport(JSON.stringify(damaged), 'r'), { message: /'scores\.4\.correct' does not fit/ });
});

test('a report of many scores is shown as fast as it is read; one of more than can be shown is refused with the place', () => {
  const json = JSON.parse(text);
  const [score] = json.scores;
  const many = (systems: number, sets: number) => ({
    ...json,
    sets: Array.from({ length: sets }, (_, i) => ({ ...json.sets[0], name: `s${i}` })),
    scores: Array.from({ length: systems * sets }, (_, i) => ({
      ...score,
      kind: 'blend',
      system: `b${Math.floor(i / sets)}`,
      set: `s${i % sets}`,
    })),
  });
  const read = (value: unknown) => parseReport(JSON.stringify(value), 'r');
  const report = read(many(100, 300));
  const before = process.cpuUsage();
  const [, second] = shownReports([
    { path: 'a', report },
    { path: 'b', report },
  ]);
  assert.equal(second!.rows.length, 100);
  assert.ok(second!.rows.every(({ cells }) => cells.length === 300 && cells.every(({ change }) => change)));
  // Without tables of what is where it takes minutes.
  const { user } = process.cpuUsage(before);
  assert.ok(user < 20e6, `${user / 1000} ms`);
  assert.throws(() => read(many(200, 300)), {
    code: 'badFile',
    message: /'scores' does not fit .there are more than 50000/,
  });
  const sparse = many(201, 1);
  assert.throws(() => read({ ...sparse, sets: many(1, 500).sets }), {
    message: /201 systems on 500 sets; at most 100,000/,
  });
});

test('of curves with more points than can be drawn every so many are left out', () => {
  const json = JSON.parse(text);
  const train = Array.from({ length: 600_000 }, (_, i) => ({ step: i + 1, loss: 1, learningRate: 0.1 }));
  json.curves = [{ expert: 'math', train, validation: [{ step: 7, loss: 2 }] }];
  const report = parseReport(JSON.stringify(json), 'r');
  const [curve] = lossCurves(report).curves;
  assert.deepEqual([curve!.train.length, curve!.last, curve!.validation.length], [2001, 600_000, 1]);
  assert.equal(shownReports([{ path: 'r', report }])[0]!.report.curves[0]!.train.length, 2001);
  reportHtml(report);
});

test('any change to a report leaves one that can be shown, or an error (fuzz)', () => {
  const json = JSON.parse(text);
  const places = Object.keys(json);
  fc.assert(
    fc.property(fc.constantFrom(...places), fc.jsonValue(), (key, value) => {
      let report: ReturnType<typeof parseReport>;
      try {
        report = parseReport(JSON.stringify({ ...json, [key]: value }), 'r');
      } catch (error) {
        assert.ok(error instanceof WorkbenchError && error.code === 'badFile');
        return;
      }
      shownReports([{ path: 'r', report }]);
      reportHtml(report);
      reportMarkdown(report);
    }),
  );
});
