import assert from 'node:assert/strict';
import { test } from 'node:test';
import { reviewerFor } from '../../../src/extension/review/reviewer.ts';
import type { DescribeResult } from '../../../src/protocol/engine/experts.ts';
import { described } from '../ask/described.ts';

type Expert = DescribeResult['experts'][number];
const trained = (name: string, domain = name): Expert => ({ name, domain, isTrained: true, isTrainable: true });

/** Who reviews, and whether it is told the form of the answer. */
function check(experts: Expert[], blends: Record<string, Record<string, number>>, expected: string | undefined): void {
  const reviewer = reviewerFor({
    name: 'recipe',
    base: described.base,
    maxTokens: 64,
    experts,
    blends: Object.entries(blends).map(([name, weights]) => ({ name, weights, isTrained: true })),
    merges: [],
  });
  const isTold = reviewer?.prompt([], 'code').includes('SEVERITY');
  assert.equal(reviewer && `${reviewer.target.kind} ${reviewer.target.name}${isTold ? ', told' : ''}`, expected);
}

test('the review blend, else a review expert, else the code expert', () => {
  check([trained('code'), trained('qa')], { review: { code: 0.8, qa: 0.2 } }, 'blend review, told');
  check([trained('code'), trained('critic', 'review')], {}, 'expert critic');
  check([trained('code')], { other: { code: 1 } }, 'expert code, told');
  check([trained('math')], {}, undefined);
});

test('a blend with an expert of reviews knows the form', () =>
  check([trained('code'), trained('critic', 'review')], { review: { code: 0.5, critic: 0.5 } }, 'blend review'));

test('an expert that is not trained leaves it to the next', () =>
  check([{ ...trained('review'), isTrained: false }, trained('code')], {}, 'expert code, told'));
