import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Automaton, automatonOf } from '../../../src/nn/grammar/automaton.ts';
import { hasAnyOf } from '../../../src/nn/grammar/codePoints.ts';

function takes({ characters, follow, isEnd }: Automaton, text: string): boolean {
  let states = [0];
  for (const character of text) {
    const code = character.codePointAt(0)!;
    states = states.flatMap(state => follow[state]!.filter(to => hasAnyOf(characters[to]!, code, code)));
  }
  return states.some(state => isEnd[state]);
}

/** All texts of at most so many of these letters. */
function texts(letters: string, most: number): string[] {
  const longer = (of: string[]) => of.flatMap(text => Array.from(letters, letter => text + letter));
  let last = [''];
  const all = [''];
  for (let length = 1; length <= most; length++) all.push(...(last = longer(last)));
  return all;
}

const patterns = [
  'a|^b$',
  '^(?!a)',
  '^(?!.*11)[a1]+$',
  '^(?=.*a)(?=.*1).{3,}$',
  '^(?!a|1$)(?!.*b$).*$',
  '^(?=a.)(?!ab)[^1]*|^1(?:b|a)$',
  '^(?!(?:a1)+$)(?=(?:..)*$)',
  '^(?=(?!a)(?=.b))',
  '^(?=1)a',
];

test('an automaton takes what the regular expression matches, conditions on what follows among it', () => {
  const all = texts('ab1', 6);
  for (const pattern of patterns) {
    const automaton = automatonOf(pattern);
    const expected = new RegExp(pattern, 'u');
    const wrong = all.filter(text => takes(automaton, text) !== expected.test(text));
    assert.deepEqual(wrong.slice(0, 5), [], pattern);
  }
});

test('addresses as zod writes their pattern', () => {
  // The pattern of z.email() in zod 4.0.
  const email = String.raw`^(?!\.)(?!.*\.\.)([A-Za-z0-9_'+\-\.]*)[A-Za-z0-9_+-]@([A-Za-z0-9][A-Za-z0-9\-]*\.)+[A-Za-z]{2,}$`;
  const automaton = automatonOf(email);
  for (const text of [
    'ada@example.org',
    'a.b+c@x-y.z.com',
    '.a@b.cc',
    'a..b@c.dd',
    'a@b',
    'a.@b.cc',
    '@b.cc',
    'é@b.cc',
  ])
    assert.equal(takes(automaton, text), new RegExp(email).test(text), text);
});

test('a condition that needs too many states is refused', () => {
  assert.throws(() => automatonOf('^(?!.*a.{40}b)'), { code: 'unsupported', message: /lookahead/ });
});
