import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MAX_BAD_LINES, MAX_COLUMNS, MAX_FILE_BYTES, MAX_ROWS } from '../../src/data/limits.ts';
import { parseDataset } from '../../src/data/parseDataset.ts';

const header = 'prompt,completion\n';
const columns = (count: number) => Array.from({ length: count }, (_, i) => `c${i}`).join(',');

/** Codes of the first problems, and how many examples. */
function read(text: string | Uint8Array, name: string): [codes: string[], examples: number] {
  const { problems, examples } = parseDataset(text, name);
  return [[...new Set(problems.map(p => p.code))], examples.length];
}

test('files made to take time or memory are read or refused at once', { timeout: 120_000 }, () => {
  const cases: [what: string, name: string, text: string, codes: string[], examples: number][] = [
    ['quotes in a quoted field', 'a.csv', `${header}a,${'"'.repeat(500_000)}\n`, [], 1],
    ['quotes in a field', 'a.csv', `${header}a,x${'"'.repeat(500_000)}\n`, ['badCsv'], 0],
    ['quotes that end nothing', 'a.csv', `${header}"a${'"x'.repeat(250_000)}\n`, ['badCsv'], 0],
    ['a quote that never ends', 'a.csv', `${header}"a,b\n${'x,y\n'.repeat(1_000_000)}`, ['badCsv'], 0],
    ['broken records', 'a.csv', header + '"a\n"b\n'.repeat(500_000), ['badCsv', 'tooManyProblems'], 0],
    ['columns', 'a.csv', `${columns(300_000)}\n${columns(300_000)}\n`, ['tooManyColumns'], 0],
    ['fields', 'a.csv', `${header}a,b\n${columns(300_000)}\n`, ['tooManyColumns'], 1],
    ['empty lines', 'a.csv', `${header}${'\n'.repeat(3_000_000)}a,b\n`, [], 1],
    ['broken lines', 'a.jsonl', '{\n'.repeat(5_000_000), ['badJson', 'tooManyProblems'], 0],
    ['empty lines', 'a.jsonl', `${'\n'.repeat(5_000_000)}{}`, ['emptyLine', 'tooManyProblems'], 0],
    ['open brackets', 'a.jsonl', '['.repeat(500_000), ['badJson'], 0],
    [
      'a list without end',
      'a.json',
      `[${'{"prompt":"a","completion":"b"},'.repeat(100_000)}`,
      ['emptyLine', 'badJson'],
      100_000,
    ],
    ['a list of lists', 'a.json', `[${'[],'.repeat(500_000)}`, ['wrongType', 'tooManyProblems'], 0],
    ['a string without end', 'a.json', `["${'\\"'.repeat(2_000_000)}`, ['lineTooLong', 'badJson'], 0],
    [
      'keys without end',
      'a.json',
      `{\n${'"k": 1,\n'.repeat(300_000)}`,
      ['badJson', 'unusedField', 'tooManyProblems'],
      0,
    ],
    ['brackets of a list', 'a.json', `{"data":\n${'['.repeat(1_000_000)}`, ['badJson'], 0],
    [
      'brackets in a field',
      'a.jsonl',
      `{"prompt":"a","completion":"b","x":${'['.repeat(400_000)}${']'.repeat(400_000)}}`,
      ['unusedField'],
      1,
    ],
    [
      'other fields in every line',
      'a.jsonl',
      Array.from({ length: 20_000 }, (_, i) => `{"prompt":"a","completion":"b","k${i}":1}`).join('\n'),
      ['unusedField', 'tooManyProblems'],
      20_000,
    ],
  ];
  for (const [what, name, text, codes, examples] of cases) assert.deepEqual(read(text, name), [codes, examples], what);
});

test('limits are told with what to do', { timeout: 240_000 }, () => {
  const message = (text: string | Uint8Array, name: string) => parseDataset(text, name).problems.at(-1)!.message;
  const many = parseDataset(`${header}${'a,b\n'.repeat(MAX_ROWS + 3)}`, 'a.csv');
  assert.equal(many.examples.length, MAX_ROWS);
  assert.deepEqual(
    many.problems.map(p => p.message),
    ['a.csv:1000002: the file has more than 1000000 records, which are not read; split it, or take a sample of it.'],
  );
  assert.match(
    message(new Uint8Array(MAX_FILE_BYTES + 1), 'a.csv'),
    /has 201 MB, more than the 200 MB that are read; split/,
  );
  assert.deepEqual(
    read(`prompt,completion,${columns(MAX_COLUMNS - 2)}\na,b${','.repeat(MAX_COLUMNS - 2)}\n`, 'a.csv'),
    [[], 1],
  );
  assert.match(message(`${columns(MAX_COLUMNS + 1)}\n`, 'a.csv'), /^a\.csv:1: the record has more than 1000 fields/);
  assert.match(
    message('{\n'.repeat(MAX_BAD_LINES + 1), 'a.jsonl'),
    /950 more problems are not listed, and the rest of the file is not read/,
  );
});
