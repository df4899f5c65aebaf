import assert from 'node:assert/strict';
import test from 'node:test';
import { reportMarkdown } from '../../src/report/reportMarkdown.ts';
import { reportFixture } from './reportFixture.ts';

test('headlines and tables, every score among them', () => {
  const lines = reportMarkdown(reportFixture()).split('\n');
  assert.equal(lines[0], '# Three experts (fixture, made-up numbers)');
  assert.ok(lines.includes('- routed accuracy: **94.9 %** (92.9–96.3), 3 sets, 680 questions'), lines.join('\n'));
  assert.ok(lines.includes('| system | math | code | qa | all sets |'));
  assert.ok(lines.includes('| routed | 95.8 (92.5–97.7) | 93.5 (89.2–96.2) | 95.0 (91.5–97.1) | 94.9 (92.9–96.3) |'));
  const columns = lines.filter(line => line.startsWith('|')).map(line => line.split(' | ').length);
  assert.ok(columns.every(count => count > 3));
});

test('what experts cost on general text', () => {
  const report = reportFixture();
  assert.doesNotMatch(reportMarkdown(report), /General text/);
  report.forgetting.generalText = {
    data: 'general.jsonl',
    texts: 100,
    cut: 7,
    tokens: 12_345,
    losses: [
      { system: 'base', kind: 'base', loss: 3.2, rise: 0, halfWidth: 0 },
      { system: 'math', kind: 'expert', loss: 3.35, rise: 0.15, halfWidth: 0.02 },
      { system: 'all', kind: 'merge', loss: 3.19, rise: -0.01, halfWidth: 0.004 },
    ],
  };
  const text = reportMarkdown(report);
  assert.match(
    text,
    /100 texts of general\.jsonl, 12,345 tokens; of 7 the beginning alone\. .*at most 0\.150 nats a token \(math\)/,
  );
  for (const row of [
    'base | 3.200 | – | –',
    'math (expert) | 3.350 | +0.150 | ± 0.020',
    'all (merge) | 3.190 | −0.010 | ± 0.004',
  ])
    assert.ok(text.includes(`| ${row} |`), row);
});

test('names are text: no markup, no link, no further column', () => {
  const report = reportFixture();
  report.recipe.name = '<img src=x> [a](http://b) | c';
  const [title] = reportMarkdown(report).split('\n');
  assert.equal(title, '# \\<img src=x\\> \\[a\\](http://b) \\| c');
});

test('a report of nothing but its parts that must be there', () => {
  const report = {
    ...reportFixture(),
    experts: [],
    merges: [],
    scores: [],
    sets: [],
    router: undefined,
    switching: undefined,
  };
  report.forgetting.experts = [];
  assert.doesNotMatch(reportMarkdown(report), /undefined|NaN|\n## /);
});
