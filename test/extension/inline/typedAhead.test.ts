import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createTypedAhead } from '../../../src/extension/inline/typedAhead.ts';

const place = (prefix: string, suffix = '\n', path = 'a.ts') => ({ path, prefix, suffix });

test('what is typed of a suggestion leaves its rest; anything else leaves nothing', () => {
  const ahead = createTypedAhead();
  assert.equal(ahead.rest(place('let a = ')), undefined);
  ahead.keep(place('let a = '), 'f(1);');
  assert.equal(ahead.rest(place('let a = ')), 'f(1);');
  assert.equal(ahead.rest(place('let a = f')), '(1);');
  assert.equal(ahead.rest(place('let a = f(', ')\n')), undefined, 'the editor has closed the bracket');
  assert.equal(ahead.rest(place('let a = g')), undefined);
  assert.equal(ahead.rest(place('let a =')), undefined);
  assert.equal(ahead.rest(place('let a = f(1);')), undefined, 'nothing is left');
  assert.equal(ahead.rest(place('let a = f', '\nlet b;\n')), undefined);
  assert.equal(ahead.rest(place('let a = f', '\n', 'b.ts')), undefined);
});
