import assert from 'node:assert/strict';
import { test } from 'node:test';
import { typedItem } from '../../../src/extension/bases/getBaseItems.ts';
import { languageProblem, nobodyReviews, reviewerFor, reviewingBase } from '../../../src/extension/review/reviewer.ts';
import type { DescribeResult } from '../../../src/protocol/engine/experts.ts';
import { described } from '../ask/described.ts';

type Expert = DescribeResult['experts'][number];
const trained = (name: string, domain = name, skills?: Expert['skills']): Expert => ({
  name,
  domain,
  isTrained: true,
  isTrainable: true,
  skills,
});
const javaScript = { tasks: [], languages: ['JavaScript'] };
const reviews: Expert['skills'] = { tasks: ['review'], languages: ['JavaScript', 'TypeScript'] };

const offered = (experts: Expert[], blends: Record<string, Record<string, number>> = {}, base = 'embedded') => ({
  ...described,
  base: { ...described.base, name: base },
  experts,
  blends: Object.entries(blends).map(([name, weights]) => ({ name, weights, isTrained: true })),
});

/** Who reviews, and how. */
function check(given: DescribeResult, expected: string | undefined): void {
  const reviewer = reviewerFor(given);
  assert.equal(reviewer && `${reviewer.target.kind} ${reviewer.name} ${reviewer.way}`, expected);
}

test('the expert whose data are reviews, or its blend', () => {
  check(offered([trained('code', 'code', javaScript), trained('critic', 'any', reviews)]), 'expert critic asked');
  check(offered([trained('critic', 'any', reviews)], { review: { critic: 0.5, qa: 0.5 } }), 'blend review asked');
  // An adapter without data is what its domain says.
  check(offered([trained('critic', 'review')]), 'expert critic asked');
});

test('an expert that was not trained on reviews does not review, whatever it is called', () => {
  check(offered([trained('code', 'code', javaScript)], { review: { code: 0.8, qa: 0.2 } }), undefined);
  check(offered([trained('review', 'review', javaScript)]), undefined);
  check(offered([{ ...trained('critic', 'any', reviews), isTrained: false }]), undefined);
});

test('a base that was measured weighs; of others it is said who can', () => {
  check(offered([], {}, '/models/qwen2.5-coder-0.5b-instruct-q4_k_m.gguf'), 'base Qwen2.5-Coder weighs');
  // One that was brought beside a recipe of another base reviews too.
  assert.equal(reviewerFor(offered([]), reviewingBase.download)?.base, reviewingBase.download);
  const other = offered([], {}, 'Qwen/Qwen3-0.6B');
  check(other, undefined);
  assert.match(nobodyReviews(other), /Qwen\/Qwen3-0\.6B finds is right was not measured\. Qwen2\.5-Coder can review/);
  assert.match(nobodyReviews(offered([])), /demonstration base cannot review\. Qwen2\.5-Coder can/);
});

test('the base that is offered is one that can be downloaded and that reviews', () => {
  assert.deepEqual(typedItem(reviewingBase.download, [])?.source, { kind: 'download', name: reviewingBase.download });
  assert.match(reviewingBase.download, reviewingBase.pattern);
});

test('files of languages that a reviewer does not know are left out', () => {
  const critic = reviewerFor(offered([trained('critic', 'any', reviews)]))!;
  assert.equal(languageProblem(critic, 'Python'), 'critic was trained on JavaScript and TypeScript, not on Python');
  assert.equal(languageProblem(critic, 'TypeScript'), undefined);
  assert.equal(languageProblem(reviewerFor(offered([trained('critic', 'review')]))!, 'Python'), undefined);
});
