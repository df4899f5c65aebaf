import assert from 'node:assert/strict';
import { test } from 'node:test';
import { statementEnd } from '../../../src/extension/inline/statementEnd.ts';

/** The line up to the cursor, what is suggested, and how much of it is one statement; undefined where more may follow. */
const cases: [what: string, line: string, suggestion: string, kept: string | undefined][] = [
  ['the rest of a line', '  return ', 'a + b;\n}\n', 'a + b;'],
  ['a call over several lines', '  call(', 'a,\n    b,\n  );\n  next();', 'a,\n    b,\n  );'],
  [
    'a chain that is indented',
    '  const x = list',
    '\n    .map(f)\n    .filter(g);\n  return x;',
    '\n    .map(f)\n    .filter(g);',
  ],
  ['a block with its end', 'function f() {', '\n  return 1;\n}\n\nf();', '\n  return 1;\n}'],
  ["Python's block", 'def f():', '\n    x = 1\n\n    return x\n\nf()', '\n    x = 1\n\n    return x'],
  ['a statement in a line of its own', '  ', 'a();\n  b();', 'a();'],
  ['brackets in quotes', 'say(', '")(");\nb', '")(");'],
  ['brackets in a comment', 'a', '(); // (\nb', '(); // ('],
  ['a text over several lines', 'const t = ', '`(\nb`;\nc', '`(\nb`;'],
  ['a line whose end has not come', 'a', '();', undefined],
  ['a line after which nothing has come', 'a', '();\n  ', undefined],
  ['an open bracket', 'f(', 'a,\nb,\n', undefined],
];
for (const [what, line, suggestion, kept] of cases)
  test(`a statement ends: ${what}`, () => {
    const end = statementEnd(suggestion, line);
    assert.equal(end === undefined ? undefined : suggestion.slice(0, end), kept);
  });
