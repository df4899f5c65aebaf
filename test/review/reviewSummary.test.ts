import assert from 'node:assert/strict';
import { test } from 'node:test';
import { emptyTally, summaryLine, summaryPage } from '../../src/review/reviewSummary.ts';

const tally = { ...emptyTally('the working tree', 'review'), files: 2, lines: 30, reviewedLines: 30 };

test('a review in a sentence', () => {
  assert.equal(summaryLine(tally), 'Reviewed 30 of 30 new lines in 2 files: nothing found.');
  assert.equal(
    summaryLine({ ...tally, findings: { error: 1, warning: 2, info: 1 } }),
    'Reviewed 30 of 30 new lines in 2 files: 1 error, 2 warnings, 1 remark.',
  );
  assert.equal(summaryLine(emptyTally('x', 'review')), 'There are no new lines to review.');
  assert.equal(
    summaryLine({ ...tally, reviewedLines: 12, wasCancelled: true }),
    'Stopped after 12 of 30 new lines in 2 files: nothing found. Something was left out: see the summary.',
  );
});

test('the page says what was covered and what was not', () => {
  assert.match(
    summaryPage(tally),
    /## Covered\n\n30 of 30 new lines in 2 files\.\n\n## Not covered\n\nNothing was left out\.\n/,
  );
  const skipped = [{ path: 'logo.png', reason: 'it is binary' }];
  const page = summaryPage({ ...tally, cutHunks: 1, longLines: 2, cutAnswers: 3, dropped: 1, moved: 2, skipped });
  assert.deepEqual(page.split('## Not covered\n\n')[1]!.trimEnd().split('\n'), [
    '- 1 hunk did not fit the window and went in pieces, each seen without the others.',
    '- 2 lines too long for the window.',
    '- 3 answers ended before all was said.',
    '- 1 finding dropped: no new line was named, or the form was another.',
    '- 2 findings dropped: the line is no longer in the file.',
    '- logo.png: it is binary.',
  ]);
});
