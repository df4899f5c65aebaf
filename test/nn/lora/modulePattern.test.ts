import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkPatterns, patternValue, targetExpression } from '../../../src/nn/lora/modulePattern.ts';

test('a string of target_modules is an expression that fits the whole path', () => {
  const fits = targetExpression('.*\\.layers\\.(1|2\\d)\\.(?:self_attn\\.)?[qv]_proj')!;
  for (const path of ['model.layers.1.self_attn.q_proj', 'model.layers.20.v_proj'])
    assert.equal(fits(path), true, path);
  for (const path of ['model.layers.10.self_attn.q_proj', 'model.layers.1.q_proj.x', 'layers.1.q_proj'])
    assert.equal(fits(path), false, path);
});

test('an expression that takes others for ever takes no time; what RE2 does not know is left to PEFT', () => {
  const text = `${'a'.repeat(300)}!`;
  const slow = ['a?'.repeat(240) + 'a'.repeat(240), '(a|a)*b', '(a|aa)+$', '((a*)*)*', '(.*)(.*)(.*)(.*)b'];
  for (const source of slow) assert.equal(targetExpression(source)!(text), false, source);
  const others = [
    '(',
    '*',
    'a**',
    '(?=a)',
    '(a)\\1',
    '[b-a]',
    'a{3,2}',
    '(a{99}){99}',
    '('.repeat(3000),
    'a'.repeat(5000),
  ];
  for (const source of others) assert.equal(targetExpression(source), undefined, source);
});

test('a key of rank_pattern is a name, a path or an expression for the end of a path', () => {
  const pattern = { q_proj: 4, 'layers.1.v_proj': 8, '1\\.mlp\\..*_proj': 16 };
  checkPatterns(Object.keys(pattern), 'adapter_config.json');
  assert.equal(patternValue(pattern, 'model.layers.0.self_attn.q_proj'), 4);
  assert.equal(patternValue(pattern, 'model.layers.1.v_proj'), 8);
  assert.equal(patternValue(pattern, 'model.layers.1.mlp.up_proj'), 16);
  assert.equal(patternValue(pattern, 'model.layers.2.mlp.up_proj'), undefined);
  assert.throws(() => checkPatterns(['(?=a)b'], 'adapter_config.json'), /adapter_config\.json: the key "\(\?=a\)b"/);
});
