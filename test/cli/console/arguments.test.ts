import assert from 'node:assert/strict';
import test from 'node:test';
import { parseAdapter, parseArguments, parseWeights } from '../../../src/cli/console/arguments.ts';
import { askVerb } from '../../../src/cli/verbs/ask.ts';
import { mergeVerb } from '../../../src/cli/verbs/merge.ts';
import { trainVerb } from '../../../src/cli/verbs/train.ts';
import { WorkbenchError } from '../../../src/protocol/errors.ts';

const refused =
  (message: RegExp, hint = /./) =>
  (e: WorkbenchError) =>
    e instanceof WorkbenchError && e.code === 'badRequest' && message.test(e.message) && hint.test(e.hint ?? '-');

test('lists: repeated, one after the other, or with commas', () => {
  for (const only of [
    ['--only', 'a', '--only', 'b'],
    ['--only', 'a', 'b'],
    ['--only', 'a,b'],
    ['--only=a', '--only=b'],
  ]) {
    const args = parseArguments(trainVerb, ['r.json', ...only, '--resume']);
    assert.deepEqual([args.list('only'), args.positionals, args.flag('resume')], [['a', 'b'], ['r.json'], true]);
  }
  const { list } = parseArguments(mergeVerb, ['--adapter', 'x=1', 'y,z=-0.5', '--out', 'o']);
  assert.deepEqual(list('adapter'), ['x=1', 'y,z=-0.5']);
});

test('weights and adapters', () => {
  assert.deepEqual(parseWeights('code=0.5, math=-.4'), { code: 0.5, math: -0.4 });
  assert.deepEqual(parseAdapter('a=b/c=0.5', 'required'), { path: 'a=b/c', weight: 0.5 });
  assert.deepEqual(parseAdapter('a', 'optional'), { path: 'a', weight: 1 });
  assert.throws(() => parseWeights('code=NaN'), refused(/the weight of 'code' is not a number: 'NaN'/));
  assert.throws(() => parseWeights('code'), refused(/'code' is not a weight/));
  assert.throws(() => parseWeights('a=1,a=2'), refused(/twice/));
  assert.throws(() => parseAdapter('a=', 'required'), refused(/the weight of 'a' is not a number/));
  assert.throws(() => parseAdapter('a', 'required'), refused(/has no weight/, /a=1/));
});

test('mistakes name the nearest option, and what is missing or too much', () => {
  assert.throws(
    () => parseArguments(askVerb, ['hi', '--steam']),
    refused(/no option '--steam'/, /Did you mean --stream\?/),
  );
  assert.throws(() => parseArguments(askVerb, []), refused(/^usage: multi-lora ask PROMPT/));
  assert.throws(() => parseArguments(askVerb, ['two', 'words']), refused(/'words' is one argument too many/, /quotes/));
  assert.throws(() => parseArguments(askVerb, ['hi', '--seed']), refused(/--seed/));
  assert.throws(() => parseArguments(askVerb, ['hi', '--seed', '-1']), refused(/ambiguous/, /--seed=-XYZ/));
  assert.throws(
    () => parseArguments(askVerb, ['hi', '--seed', 'x']).number('seed'),
    refused(/--seed is not a number: 'x'/),
  );
});
