import assert from 'node:assert/strict';
import { mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import type { Run } from '../../../src/extension/runs/run.ts';
import { baseRows } from '../../../src/extension/sidebar/baseRows.ts';
import { expertRows, type KnownOfExperts } from '../../../src/extension/sidebar/expertRows.ts';
import { recipeRows } from '../../../src/extension/sidebar/recipeRows.ts';
import { runRows } from '../../../src/extension/sidebar/runRows.ts';
import type { DescribedAdapter } from '../../../src/protocol/engine/experts.ts';
import type { ReportScore } from '../../../src/protocol/report.ts';
import { temporaryFolder } from '../../support/temporaryFolder.ts';
import { described } from '../ask/described.ts';

const hour = 3_600_000;
const now = new Date(2026, 0, 31, 12, 0).getTime();

function run(change: Partial<Run>): Run {
  return {
    id: 'r',
    recipe: { path: '/w/three.lora.json' },
    kind: 'train',
    experts: ['math'],
    state: 'done',
    startedAt: now - hour,
    updatedAt: now - hour + 95_400,
    events: [],
    isHere: true,
    ...change,
  } as Run;
}

const adapter: DescribedAdapter = {
  folder: '/w/runs/three/adapters/math',
  rank: 16,
  bytes: 1_234_567,
  isOwn: true,
  baseHash: '9f86d081884c7d659a2feaa0c55ad015',
  steps: 1000,
};
const score = (set: string, correct: number): ReportScore => ({
  ...{ system: 'math', kind: 'expert', set, correct, total: 200 },
  low: 0.9,
  high: 0.965,
});

const known = (change: Partial<KnownOfExperts> = {}): KnownOfExperts => ({
  recipe: '/w/three.lora.json',
  described: {
    ...described,
    experts: [
      { ...described.experts[0]!, description: 'Sums & [links](http://x)', adapter },
      described.experts[1]!,
      described.experts[2]!,
    ],
  },
  loaded: { adapters: [], bytes: 0 },
  runs: [],
  ...change,
});

test('an expert: what it is, how good, in memory or not; what came from a file is text', () => {
  const report = {
    created: new Date(now).toISOString(),
    sets: [
      { name: 'sums', expert: 'math', scorer: 'exact' as const, examples: 200 },
      { name: 'others', expert: 'js', scorer: 'exact' as const, examples: 200 },
    ],
    scores: [score('others', 3), score('sums', 188)],
  };
  const [math, js, qa] = expertRows(known({ report }));
  assert.equal(math!.description, 'rank 16 · 94.0 % · 1.2 MB');
  assert.equal(math!.spoken, 'expert math, trained, not loaded, rank 16, 94.0 %, 1.2 MB');
  assert.deepEqual(math!.context, ['expert', 'trained', 'unloaded', 'trainable', 'own', 'measurable', 'idle']);
  const [example] = expertRows(known({ isExample: true }));
  assert.deepEqual(example!.context, ['expert', 'trained', 'unloaded', 'idle'], 'it is not the user’s to change');
  assert.match(example!.description!, /^example · /);
  const tooltip = math!.tooltip.join('\n');
  assert.match(tooltip, /Sums \\& \\\[links\\\]\\\(http\\:\/\/x\\\)/);
  assert.match(tooltip, /SHA-256 `9f86d081884c`/);
  assert.match(tooltip, /94\.0 % right \(90\.0–96\.5\) of 200 on sums, measured 2026-01-31/);
  assert.doesNotMatch(tooltip, /others|before its last training/);
  assert.equal(js!.description, 'code');
  assert.deepEqual([qa!.description, qa!.icon], ['not trained', 'circle-large-outline']);

  const later = expertRows(known({ report, runs: [run({ updatedAt: now + hour })] }));
  assert.match(later[0]!.tooltip.join('\n'), /before its last training/);
});

test('an expert that is loaded, and one that is being trained, say so in words too', () => {
  const loaded = { adapters: [{ name: 'math', folder: adapter.folder }], bytes: 1 };
  const [math] = expertRows(known({ loaded }));
  assert.equal(math!.description, 'loaded · rank 16 · 1.2 MB');
  assert.ok(math!.context.includes('loaded') && !math!.context.includes('unloaded'));
  const other = { adapters: [{ name: 'math', folder: '/elsewhere/math' }], bytes: 1 };
  assert.ok(expertRows(known({ loaded: other }))[0]!.context.includes('unloaded'), 'of another recipe');

  const progress = { message: 'training', done: 34, total: 100 };
  const [training] = expertRows(known({ runs: [run({ state: 'running', progress })] }));
  assert.equal(training!.description, 'training 34 % · rank 16 · 1.2 MB');
  assert.ok(training!.context.includes('training') && !training!.context.includes('own'), 'it cannot be deleted');
});

test('runs: those under way first; what can be done with each', () => {
  const runs = [
    run({ id: 'new', kind: 'evaluate', experts: [], result: { reportPath: '/r.json' } }),
    run({ id: 'old', state: 'stopped', startedAt: now - 30 * hour, updatedAt: now - 30 * hour + 5000 }),
    run({ id: 'failed', state: 'failed', message: 'no *room*' }),
    run({ id: 'live', state: 'running', isHere: false, progress: { message: 'loading', done: 1, total: 4 } }),
  ];
  const rows = runRows(runs, now, ({ id }) => id === 'old');
  assert.deepEqual(
    rows.map(r => [r.id, r.icon, r.context.slice(2).join(' ')]),
    [
      ['live', 'loading~spin', 'running'],
      ['new', 'pass', 'ended report'],
      ['old', 'debug-stop', 'ended resumable'],
      ['failed', 'error', 'ended'],
    ],
  );
  assert.equal(rows[0]!.description, 'loading 1/4 · in another window');
  assert.match(rows[1]!.description!, /^done · 11:00.* · 1 min 35 s$/);
  assert.match(rows[2]!.description!, /^stopped · .*30.* · 5\.0 s$/);
  assert.equal(rows[3]!.tooltip.at(-1), 'no \\*room\\*');
});

test('recipes: the active one and one with problems are told apart', () => {
  const [first, second] = recipeRows([
    { path: '/w/a/three.lora.json', shown: 'a/three.lora.json', isActive: true, described },
    { path: '/w/b.lora.json', shown: 'b.lora.json', isActive: false, problem: "'sed' is no key" },
  ]);
  assert.equal(first!.description, 'active · 2 of 3 experts trained · a');
  assert.deepEqual(first!.context, ['recipe', 'active', 'trained']);
  assert.deepEqual([second!.label, second!.description, second!.icon], ['b', 'has problems', 'error']);
  assert.ok(second!.tooltip.includes("'sed' is no key"));
});

test('bases: each once, whatever links lead to it, with the recipes that use it', () => {
  const folder = temporaryFolder();
  const [real, link] = [join(folder, 'real'), join(folder, 'link')];
  mkdirSync(real);
  symlinkSync(real, link);
  const base = described.base;
  const cached = { ...base, repo: 'o/n', commit: 'a'.repeat(40), revisions: ['main'], folder: '/cache/o/n' };
  const rows = baseRows({
    embedded: base,
    cached: [cached],
    recipes: [
      { name: 'one', isActive: true, base: { ...base, name: '../real', folder: real } },
      { name: 'two', isActive: false, base: { ...base, name: '../link', folder: link } },
      { name: 'three', isActive: false, base: { ...base, name: 'o/n', folder: '/cache/o/n' } },
    ],
  });
  assert.deepEqual(
    rows.map(r => [r.label, r.context.join(' '), r.about.name]),
    [
      ['embedded', 'base embedded other', 'embedded'],
      ['o/n', 'base cached other', 'o/n'],
      ['real', 'base folder active', real],
    ],
  );
  assert.equal(rows[2]!.description, 'active recipe · llama · 4.95 M · 10.3 MB');
  assert.ok(rows[2]!.tooltip.includes('Base of one and two'));
  assert.ok(rows[1]!.tooltip.includes('Base of three'));
});

test('models of other programs: under the name that the recipe writes, and those that cannot be used', () => {
  const local = (name: string, path: string, more = {}) =>
    ({ name, owner: 'Ollama', base: `ollama:${name}`, path, bytes: 1.3e9, ...more }) as const;
  const used = { ...described.base, name: 'ollama:a:1b', folder: '/blobs/a' };
  const rows = baseRows({
    embedded: described.base,
    cached: [],
    local: [
      local('a:1b', '/blobs/a'),
      local('a:latest', '/blobs/a'),
      local('b:1b', '/blobs/b'),
      local('embed:v1', '/blobs/e', { reason: "the architecture 'bert' is not supported" }),
    ],
    recipes: [
      { name: 'one', isActive: true, base: used },
      { name: 'two', isActive: false, base: { ...used, name: '../blobs/b', folder: '/blobs/b' } },
    ],
  });
  assert.deepEqual(
    rows.slice(1).map(r => [r.label, r.description, r.context.join(' '), r.about.name]),
    [
      ['a:1b', 'active recipe · Ollama · llama · 4.95 M · 1.3 GB', 'base local active', 'ollama:a:1b'],
      ['a:latest', 'Ollama · 1.3 GB', 'base local other', 'ollama:a:latest'],
      ['b:1b', 'Ollama · llama · 4.95 M · 1.3 GB', 'base local other', 'ollama:b:1b'],
      ['embed:v1', 'Ollama · cannot be used · 1.3 GB', 'base local', 'ollama:embed:v1'],
    ],
  );
  assert.equal(new Set(rows.map(r => r.id)).size, 5);
  assert.ok(rows[3]!.tooltip.includes('Base of two'));
  assert.ok(rows[4]!.tooltip.some(line => /Cannot be used as a base: .*bert/.test(line)));
});

test('a model of the cache that cannot be a base is listed with why, and can be deleted', () => {
  const broken = {
    repo: 'o/b',
    commit: 'c',
    revisions: ['main'],
    folder: '/cache/o/b',
    bytes: 5e6,
    reason: '*not* JSON',
  };
  const row = baseRows({ embedded: described.base, cached: [], unusable: [broken], recipes: [] }).at(-1)!;
  assert.deepEqual([row.label, row.description], ['o/b', 'cannot be used · 5.0 MB']);
  assert.ok(row.tooltip.includes('Cannot be used as a base: \\*not\\* JSON'));
  assert.deepEqual(row.about.cached, { repo: 'o/b', commit: 'c' });
});
