import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import test from 'node:test';
import { safeParse } from 'zod/mini';
import { reportApi, type ShownReport } from '../../../src/protocol/views/report.ts';
import { shownReports } from '../../../src/report/shownReport.ts';

const file = new URL('../../../webview/report/recorded.json', import.meta.url);
const recorded: Record<string, ShownReport[]> = JSON.parse(readFileSync(file, 'utf8'));

// After a change of what the host sends, RECORD=1 records it anew from the same reports.
if (process.env.RECORD) {
  const anew = Object.entries(recorded).map(([name, reports]) => [name, shownReports(reports)]);
  writeFileSync(file, JSON.stringify(Object.fromEntries(anew), null, 1));
}

for (const [name, reports] of Object.entries(recorded))
  test(`recording '${name}' is what the host sends`, () => {
    const sent = { reports: shownReports(reports), problems: [] };
    assert.deepEqual(JSON.parse(JSON.stringify(sent.reports)), reports);
    assert.equal(safeParse(reportApi.toHost.requests.load.result, sent).success, true);
  });
