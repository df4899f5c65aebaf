import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isPlainCommand, parsePlace, placeName } from '../../src/text/trainingPlace.ts';

test('places, and what names none: nothing of them may mean anything to a shell or to ssh', () => {
  const ssh = (host: string, folder = 'multi-lora') => ({ kind: 'ssh', host, folder });
  assert.deepEqual(parsePlace('ssh:box'), ssh('box'));
  assert.deepEqual(parsePlace('ssh:me@10.0.0.7'), ssh('me@10.0.0.7'));
  assert.deepEqual(parsePlace('ssh:box:/data/jobs'), ssh('box', '/data/jobs'));
  assert.deepEqual(parsePlace('ssh:box:~/jobs'), ssh('box', '~/jobs'));
  assert.deepEqual(parsePlace('ray:head:8265'), { kind: 'ray', address: 'http://head:8265' });
  assert.deepEqual(parsePlace('ray:https://ray.example.org'), { kind: 'ray', address: 'https://ray.example.org' });
  const names = ['ssh:me@box:/data', 'ray:https://ray.example.org', 'ray:head:8265'].map(place => placeName({ place }));
  assert.deepEqual(names, ['me@box', 'ray.example.org', 'head:8265']);
  const wrong = [
    '',
    'box',
    'ssh:',
    'ssh:-oProxyCommand=x',
    'ssh:a b',
    'ssh:box:/a;b',
    'ssh:box:$(x)',
    'ssh:box:-x',
    'ray:',
    'ray:a b',
  ];
  for (const text of wrong) assert.equal(parsePlace(text), undefined, text);
});

test('plain commands', () => {
  for (const text of ['python3', 'venv/bin/python', '~/venv/bin/python -u', 'uv run --python 3.12'])
    assert.ok(isPlainCommand(text), text);
  for (const text of ['', '-c', 'python; rm', 'a|b', 'a`b`', "a'b", 'a\nb', '$HOME/x'])
    assert.ok(!isPlainCommand(text), text);
});
