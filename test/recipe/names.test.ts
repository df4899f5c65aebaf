import assert from 'node:assert/strict';
import { test } from 'node:test';
import { nameUses } from '../../src/recipe/names.ts';
import { pathText } from '../../src/recipe/problem.ts';

test('every name of a recipe, where it is given and where it is used', () => {
  const recipe = {
    experts: { math: {}, 'v1.2': {} },
    router: { kind: 'keywords', keywords: { math: { plus: 1 } } },
    blends: { half: { math: 1 } },
    merges: { both: { weights: { 'v1.2': 1 } } },
    evaluation: { sets: { s: { data: 'd', expert: 'math' } }, sequential: { order: ['math', 'v1.2'] } },
    steps: [
      { do: 'train', experts: ['math'] },
      { do: 'ask', expert: 'both', blend: 'half', weights: { math: 1 } },
      { do: 'blend', blends: ['half'] },
      { do: 'merge', merge: 'both' },
      { do: 'evaluate', sets: ['s'] },
    ],
  };
  const shown = nameUses(recipe).map(
    u => `${u.isDefinition ? 'def' : 'use'} ${u.kinds.join('|')} ${u.name} ${u.on} ${pathText(u.path)}`,
  );
  assert.deepEqual(shown, [
    'def expert math key experts.math',
    'def expert v1.2 key experts.v1.2',
    'def blend half key blends.half',
    'def merge both key merges.both',
    'def set s key evaluation.sets.s',
    'use expert math key blends.half.math',
    'use expert v1.2 key merges.both.weights.v1.2',
    'use expert math value evaluation.sets.s.expert',
    'use expert math value evaluation.sequential.order[0]',
    'use expert v1.2 value evaluation.sequential.order[1]',
    'use expert math key router.keywords.math',
    'use expert math value steps[0].experts[0]',
    'use expert|merge both value steps[1].expert',
    'use expert math key steps[1].weights.math',
    'use blend half value steps[1].blend',
    'use blend half value steps[2].blends[0]',
    'use merge both value steps[3].merge',
    'use set s value steps[4].sets[0]',
  ]);
});

test('what is no recipe has no names', () => {
  for (const value of [null, 3, 'x', [], { experts: 3, blends: [1], steps: { do: 'train' } }])
    assert.deepEqual(nameUses(value), []);
});
