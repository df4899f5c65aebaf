import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import test from 'node:test';
import fc from 'fast-check';
import { WorkbenchError } from '../../src/protocol/errors.ts';
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
