import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parse } from 'csv-parse/sync';
import fc from 'fast-check';
import { csvRecords } from '../../src/data/csv.ts';

/** Lines and cells, or codes. */
const read = (text: string, delimiter = ',') => [...csvRecords(text, delimiter)].map(r => [r.line, r.cells ?? r.code]);

test('records, quotes, line breaks in fields, empty fields and lines', () => {
  assert.deepEqual(read('a,b\n\n"x,\ny","say ""5"""\n,\n"",\nlast'), [
    [1, ['a', 'b']],
    [3, ['x,\ny', 'say "5"']],
    [5, ['', '']],
    [6, ['', '']],
    [7, ['last']],
  ]);
  assert.deepEqual(read('a;b,c\td', ';'), [[1, ['a', 'b,c\td']]]);
});

test('after a record that cannot be read the next line is read', () => {
  assert.deepEqual(read('a,b"c\nd,e\n"f"g,h\n"i\nj"k\nl\n"m\nn\n'), [
    [1, 'badCsv'],
    [2, ['d', 'e']],
    [3, 'badCsv'],
    [4, 'badCsv'],
    [6, ['l']],
    [7, 'badCsv'],
  ]);
});

test('as csv-parse reads it (property)', () => {
  const sign = fc.constantFrom('a', 'ü', ',', ';', '"', '""', '\n', ' ', '"a"', ',"', '",');
  fc.assert(
    fc.property(
      fc.array(sign, { maxLength: 30 }).map(signs => signs.join('')),
      text => {
        let expected: string[][];
        try {
          expected = parse(text, { relax_column_count: true, skip_empty_lines: true, record_delimiter: '\n' });
        } catch {
          assert.ok(
            [...csvRecords(text, ',')].some(record => !record.cells),
            'both refuse it',
          );
          return;
        }
        assert.deepEqual(
          [...csvRecords(text, ',')].map(record => record.cells),
          expected,
        );
      },
    ),
    { numRuns: 2000 },
  );
});
