import assert from 'node:assert/strict';
import { test } from 'node:test';
import variant from '@jitl/quickjs-wasmfile-release-sync';
import { newQuickJSWASMModuleFromVariant } from 'quickjs-emscripten-core';
import { codeExample } from '../../../scripts/data/code.ts';
import { atom, listOperations } from '../../../scripts/data/codeOperations.ts';
import { keyOf, operationCount, runSteps, sourceOf } from '../../../scripts/data/codeProblem.ts';
import { Random } from '../../../src/nn/tensor/random.ts';

test('sums are bracketed before a method is called on them', () => {
  assert.equal(atom('"a" + text'), '("a" + text)');
  assert.equal(atom('Math.max(a, b)'), 'Math.max(a, b)');
});

test('steps are written as a pipeline and run by their own definitions', () => {
  const step = (id: string, ...args: number[]) => ({ operation: listOperations.find(o => o.id === id)!, args });
  const steps = [step('keepEven'), step('multiplyEach', 3), step('sum')];
  const source =
    'function f(list) { return list.filter(x => x % 2 === 0).map(x => x * 3).reduce((a, b) => a + b, 0); }';
  assert.equal(sourceOf('f', 'list', steps), source);
  assert.equal(runSteps(steps, [1, 2, 3, 4]), 18);
  assert.equal(keyOf('list', steps), 'list|keepEven|multiplyEach:3|sum');
});

test('at least 40 kinds of step', () => assert.equal(operationCount, 68));

test('400 sources pass their own asserts in QuickJS, and a source for another question fails them', async () => {
  const quickjs = await newQuickJSWASMModuleFromVariant(variant);
  const random = new Random(5);
  const examples = Array.from({ length: 400 }, () => codeExample(random));
  let passedByAnother = 0;
  examples.forEach(({ messages, key, tests }, i) => {
    const passed = (source: string) => {
      const named = source.replace(/^function \w+/, /^function \w+/.exec(messages[1].content)![0]);
      // A neighbour often takes another kind of input: an error is a failure, too.
      const script = `${named}; (() => { try { return [${tests!.join(', ')}].every(x => x) } catch { return false } })()`;
      return quickjs.evalCode(script);
    };
    assert.ok(tests!.length >= 4);
    assert.equal(passed(messages[1].content), true, key);
    const other = examples[(i + 1) % examples.length]!;
    if (other.key !== key && passed(other.messages[1].content)) passedByAnother++;
  });
  assert.equal(passedByAnother, 0);
});
