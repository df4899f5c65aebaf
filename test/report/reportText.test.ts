import assert from 'node:assert/strict';
import { test } from 'node:test';
import { reportText } from '../../src/report/reportText.ts';
import { reportFixture } from './reportFixture.ts';

test('systems by sets, then a line on forgetting and one on storage', () => {
  assert.equal(
    reportText(reportFixture()),
    `accuracy            math    code      qa  all sets
──────────────────────────────────────────────────
base               2.9 %   1.5 %   9.2 %     4.7 %
math              96.3 %   1.0 %   4.6 %    35.9 %
code               3.8 %  94.5 %   2.5 %    30.0 %
qa                 1.7 %   0.0 %  95.4 %    34.3 %
routed            95.8 %  93.5 %  95.0 %    94.9 %
even (blend)      58.8 %  59.0 %  69.6 %    62.6 %
all-cat (merge)   58.8 %  59.0 %  69.6 %    62.6 %
all-ties (merge)  40.8 %  35.5 %  57.9 %    45.3 %
all-dare (merge)  36.3 %  33.0 %  50.4 %    40.3 %
all-svd (merge)   57.1 %  57.5 %  68.3 %    61.2 %
sequential        12.9 %  32.0 %  94.2 %    47.2 %

Forgotten: nothing (base hash unchanged, logits bit-equal). One adapter trained on math, then code, then qa forgot 82.5 points of math and 61.5 points of code.
Storage:   15.7 MB (one base, 3 adapters) instead of 29.7 MB (3 full models), 1.9 times smaller.`,
  );
});

test('a system that was not asked a set has a dash there and no total', () => {
  const report = reportFixture();
  report.scores = report.scores.filter(({ system, set }) => system === 'math' && set !== 'code');
  assert.match(reportText(report), /^math {6}96\.3 % {5}– {2}4\.6 % {9}–$/m);
});

test('control characters of names do not reach the terminal', () => {
  const report = reportFixture();
  report.sets[0]!.name = '\u001b[31mmath';
  report.scores.forEach(score => {
    if (score.set === 'math') score.set = '\u001b[31mmath';
  });
  assert.doesNotMatch(reportText(report), /(?!\n)\p{Cc}/u);
});

test('one expert with its base is not said to be smaller than one full model', () => {
  const report = reportFixture();
  const sizes: [number, string][] = [
    [1.02, 'equal in size'],
    [0.98, 'equal in size'],
    [0.5, '2.0 times larger'],
  ];
  for (const [ratio, words] of sizes) {
    report.storage.fullCopiesBytes = ratio * (report.storage.baseBytes + report.storage.adaptersBytes);
    assert.match(reportText(report), new RegExp(`full models?\\), ${words}\\.$`, 'm'));
  }
});

test('what was lost is counted', () => {
  const report = reportFixture();
  report.forgetting.experts[1]!.after = 180;
  assert.match(reportText(report), /^Forgotten: 9 answers \(base hash unchanged, logits bit-equal\)\./m);
});
