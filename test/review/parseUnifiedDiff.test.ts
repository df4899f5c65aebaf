import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createTwoFilesPatch } from 'diff';
import fc from 'fast-check';
import { parseUnifiedDiff } from '../../src/review/parseUnifiedDiff.ts';

/** Files as `PATH: SKIPPED`, or with a line each such as `+3 text`. */
function check(diff: string, expected: string[]): void {
  const said = [...parseUnifiedDiff(diff)].flatMap(({ path, hunks, skipped }) => [
    skipped === undefined ? path : `${path}: ${skipped}`,
    ...hunks.flatMap((hunk, i) => [
      ...(i > 0 ? ['…'] : []),
      ...hunk.map(
        ({ mark, number, text }) => `${{ added: '+', removed: '-', context: ' ' }[mark]}${number ?? ''} ${text}`,
      ),
    ]),
  ]);
  assert.deepEqual(said, expected);
}

const header = (path: string) => `diff --git a/${path} b/${path}\nindex 4cb29ea..f04eb26 100644\n`;
const names = (path: string) => `--- a/${path}\n+++ b/${path}\n`;

test('lines have their numbers in the new file', () =>
  check(
    `${header('a.js')}${names('a.js')}@@ -1,3 +1,3 @@\n one\n-two\n+2\n three\n@@ -10,2 +10,3 @@ function f() {\n ten\n+ten and a half\n eleven\n`,
    ['a.js', ' 1 one', '- two', '+2 2', ' 3 three', '…', ' 10 ten', '+11 ten and a half', ' 12 eleven'],
  ));

test('what git writes of files without new lines: why they are skipped', () =>
  check(
    [
      'diff --git a/bin.dat b/bin.dat\nindex 8352675..1592e5c 100644\nBinary files a/bin.dat and b/bin.dat differ',
      'diff --git a/patch.bin b/patch.bin\nindex 8352675..1592e5c 100644\nGIT binary patch\nliteral 3\nKcmZQzWMXDv000pG03iSX\n',
      'diff --git a/gone.js b/gone.js\ndeleted file mode 100644\nindex 286c5f5..0000000\n--- a/gone.js\n+++ /dev/null\n@@ -1 +0,0 @@\n-gone',
      'diff --git a/mode.sh b/mode.sh\nold mode 100644\nnew mode 100755',
      'diff --git a/empty.js b/empty.js\nnew file mode 100644\nindex 0000000..e69de29',
      'diff --git a/from.js b/to.js\nsimilarity index 100%\nrename from from.js\nrename to to.js',
      `${header('less.js')}${names('less.js')}@@ -1,2 +1 @@\n keep\n-drop\n`,
    ].join('\n'),
    [
      'bin.dat: it is binary',
      'patch.bin: it is binary',
      'gone.js: it was deleted',
      'mode.sh: it has no new lines',
      'empty.js: it has no new lines',
      'to.js: it has no new lines',
      'less.js: it has no new lines',
    ],
  ));

test('a file that was renamed and changed', () =>
  check(
    'diff --git "a/old \\"name\\".js" "b/new\\tname.js"\nsimilarity index 80%\nrename from "old \\"name\\".js"\nrename to "new\\tname.js"\nindex 9230f2c..da76765 100644\n--- "a/old \\"name\\".js"\t\n+++ "b/new\\tname.js"\n@@ -2,2 +2,2 @@\n n\n-o\n+O\n',
    ['new\tname.js', ' 2 n', '- o', '+3 O'],
  ));

test('paths with spaces, quotes, backslashes, other alphabets, and one that looks like two', () => {
  const body = '@@ -0,0 +1 @@\n+x\n';
  check(`${header('a b.js')}--- a/a b.js\t\n+++ b/a b.js\t\n${body}`, ['a b.js', '+1 x']);
  check(`${header('ünï.js')}${names('ünï.js')}${body}`, ['ünï.js', '+1 x']);
  check(`${header('a b/b.js')}--- a/a b/b.js\t\n+++ b/a b/b.js\t\n${body}`, ['a b/b.js', '+1 x']);
  check(`${header('x')}--- "a/\\303\\244\\\\.js"\n+++ "b/\\303\\244\\\\.js"\n${body}`, ['ä\\.js', '+1 x']);
});

test('lines that look like headers are lines', () =>
  check(
    `${header('a.js')}${names('a.js')}@@ -1,2 +1,3 @@\n--- removed\n+++ added\n+diff --git a/b b/c\n \n${header('b.js')}${names('b.js')}@@ -0,0 +1 @@\n+@@ -1 +1 @@\n`,
    ['a.js', '- -- removed', '+1 ++ added', '+2 diff --git a/b b/c', ' 3 ', 'b.js', '+1 @@ -1 +1 @@'],
  ));

test('line ends of Windows, and a last line without an end', () => {
  check(`${header('a.js')}${names('a.js')}@@ -1,2 +1,2 @@\n x\r\n-y\r\n+z\r\n`, ['a.js', ' 1 x', '- y', '+2 z']);
  check(
    `${header('a.js')}${names('a.js')}@@ -1 +1,2 @@\n-end\n\\ No newline at end of file\n+end\n+new\n\\ No newline at end of file\n`,
    ['a.js', '- end', '+1 end', '+2 new'],
  );
});

test('a part that breaks the format is skipped by itself', () => {
  const good = `${header('good.js')}${names('good.js')}@@ -0,0 +1 @@\n+x\n`;
  check(`${header('short.js')}${names('short.js')}@@ -1,9 +1,9 @@\n x\n${good}`, [
    'short.js: its diff cannot be read: Added line count did not match for hunk at line 5',
    'good.js',
    '+1 x',
  ]);
  check(`${header('nowhere.js')}${names('nowhere.js')}@@ what @@\n${good}`, [
    'nowhere.js: its diff cannot be read: a hunk does not say where it begins',
    'good.js',
    '+1 x',
  ]);
  check('', []);
  check('no diff at all\n', []);
});

test('of any two texts, the new lines are those of the second text (property)', () => {
  const line = fc.oneof(fc.constantFrom('', ' ', '-', '--- a', '+++ b', 'x', '@@ -1 +1 @@', '\\ No'), fc.string());
  const text = fc.array(
    line.filter(l => !/[\r\n\u2028\u2029]/.test(l)),
    { maxLength: 12 },
  );
  fc.assert(
    fc.property(text, text, (before, after) => {
      const patch = createTwoFilesPatch('a/f.js', 'b/f.js', before.join('\n'), after.join('\n'), undefined, undefined, {
        context: 2,
      });
      const [file] = parseUnifiedDiff(`diff --git a/f.js b/f.js\n${patch.replace(/^=+\n/, '')}`);
      for (const { mark, number, text } of file!.hunks.flat())
        if (mark !== 'removed') assert.equal(after[number - 1], text);
      assert.equal(file!.skipped === undefined || /no new lines/.test(file!.skipped), true, file!.skipped);
    }),
  );
});

test('any text gives files, and never throws (fuzz)', () => {
  const piece = fc.constantFrom(
    'diff --git a/x b/y\n',
    '--- a/x\n',
    '+++ b/y\n',
    '@@ -1 +1 @@\n',
    '+x\n',
    '-y\n',
    ' z\n',
    '"',
  );
  fc.assert(
    fc.property(fc.array(fc.oneof(piece, fc.string())), pieces => {
      for (const file of parseUnifiedDiff(pieces.join(''))) assert.equal(typeof file.path, 'string');
    }),
  );
});
