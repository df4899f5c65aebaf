import assert from 'node:assert/strict';
import { test } from 'node:test';
import { declaredFunctions, extractCode } from '../../src/evaluation/codeAnswer.ts';

test('code is taken from a fence where there is one', () => {
  assert.equal(extractCode('Here:\n```js\nfunction f() {}\n```\nIt works.'), 'function f() {}');
  assert.equal(extractCode('```\nf = 1\n```\n```js\ng = 2\n```'), 'f = 1');
  assert.equal(extractCode('```javascript\nfunction f() {\n  return `a`;\n'), 'function f() {\n  return `a`;');
  assert.equal(extractCode('  const f = x => x;\n'), 'const f = x => x;');
  assert.equal(extractCode('export default function f() {}'), 'function f() {}');
  assert.equal(extractCode('export const f = 1'), 'const f = 1');
});

test('functions declared at the top level', () => {
  const check = (source: string, names: string[]) => assert.deepEqual(declaredFunctions(source), names, source);
  check('function f(a) { return a; }', ['f']);
  check('async function f() {}\nfunction* g() {}', ['f', 'g']);
  check('const f = (a, b) => a + b;', ['f']);
  check('const f = ({ a }, [b] = [1]) => { return a; }', ['f']);
  check('let f = a => a * 2', ['f']);
  check('var f = function (a) {}', ['f']);
  check('const f = async x => x;', ['f']);
  check('const f = async (x) => x;', ['f']);
  check('(a, b) => a + b', []);
  check('function (a) { return a }', []);
  check('const limit = 5;\nfunction f() { function inner() {} const g = x => x; }', ['f']);
  check('// function a() {}\n/* function b() {} */ function c() { return "function d() {}"; }', ['c']);
  check('const text = "}"; const f = s => s.replace(/[{("]/g, "");', ['f']);
  check('function f(a) { return a / 2; } const half = (x) => x / 2;', ['f', 'half']);
  check('const t = `function x() { $' + '{1} }`; function y() {}', ['y']);
});
