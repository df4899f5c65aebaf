import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type LensRun, lensesOf } from '../../../src/recipe/language/lenses.ts';
import { readRecipe } from '../../../src/recipe/parse.ts';
import { worldOf } from './marked.ts';

const text = `{
  "experts": {"math": {"data": {"train": "t"}}, "code": {"data": {"train": "u"}}, "old": {"adapter": "a"}},
  "blends": {"b": {"math": 1}},
  "merges": {"m": {"weights": {"math": 1}}},
  "evaluation": {"sets": {}}
}`;

/** The lenses as `part: title (action name)`, for runs newest first. */
function check(name: string, runs: Partial<LensRun>[], expected: string[], trained: string[] = []): void {
  test(name, () => {
    const whole = runs.map(
      (r): LensRun => ({ kind: 'train', experts: [], state: 'done', text: () => 'so', hasReport: false, ...r }),
    );
    const world = worldOf({ trainedOn: expert => (trained.includes(expert) ? {} : undefined) });
    const lenses = lensesOf(readRecipe(text), whole, world);
    assert.deepEqual(
      lenses.map(
        l => `${text.slice(l.range.start, l.range.end)}: ${l.title} (${[l.action, l.name].filter(Boolean).join(' ')})`,
      ),
      expected,
    );
  });
}

const rest = ['"old": Ask (ask old)', '"b": Open Blend (blend b)', '"m": Merge (merge m)'];

check(
  'nothing has run yet',
  [],
  [
    '"experts": Open Training View (configure)',
    '"experts": Train All (train)',
    '"math": Train (train math)',
    '"code": Train (train code)',
    ...rest,
    '"evaluation": Evaluate (evaluate)',
  ],
);
check(
  'a training runs, an evaluation is done',
  [
    { experts: ['math'], state: 'running' },
    { kind: 'evaluate', hasReport: true },
  ],
  [
    '"experts": Open Training View (configure)',
    '"experts": Train All (train)',
    '"math": Ask (ask math)',
    '"math": Stop (stop)',
    '"math": so ()',
    '"code": Train (train code)',
    ...rest,
    '"evaluation": Evaluate (evaluate)',
    '"evaluation": Open Report (report)',
    '"evaluation": so ()',
  ],
  ['math'],
);
check(
  'a training was stopped after one that was done',
  [{ experts: ['math', 'code'], state: 'stopped' }, { experts: ['math'] }],
  [
    '"experts": Open Training View (configure)',
    '"experts": Train All (train)',
    '"math": Resume (resume)',
    '"math": Train Anew (train math)',
    '"math": so ()',
    '"code": Resume (resume)',
    '"code": Train Anew (train code)',
    '"code": so ()',
    ...rest,
    '"evaluation": Evaluate (evaluate)',
  ],
);
check(
  'an evaluation runs',
  [{ kind: 'evaluate', state: 'running' }, { experts: ['code'] }],
  [
    '"experts": Open Training View (configure)',
    '"experts": Train All (train)',
    '"math": Train (train math)',
    '"code": Ask (ask code)',
    '"code": Train (train code)',
    '"code": so ()',
    ...rest,
    '"evaluation": Stop (stop)',
    '"evaluation": so ()',
  ],
);

test('a merge is measured where there is something to measure on', () => {
  const measured = text.replace('"sets": {}', '"sets": {"s": {"data": "h"}}');
  const lenses = lensesOf(readRecipe(measured), [], worldOf({}));
  assert.deepEqual(
    lenses.filter(l => l.name === 'm').map(l => [l.title, l.action]),
    [
      ['Merge', 'merge'],
      ['Measure', 'measure'],
    ],
  );
});
