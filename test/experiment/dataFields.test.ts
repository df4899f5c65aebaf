import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { dataFields } from '../../src/experiment/dataFields.ts';
import { temporaryFolder } from '../support/temporaryFolder.ts';

test('the fields of a file, with what its first row says', async () => {
  const folder = temporaryFolder();
  const written = (name: string, text: string) => {
    writeFileSync(join(folder, name), text);
    return dataFields(join(folder, name));
  };
  const both = [
    { name: 'Frage', sample: 'a; b' },
    { name: 'Antwort', sample: '2' },
  ];
  assert.deepEqual(await written('x.csv', '\uFEFFFrage;Antwort\r\n"a; b";2\r\nc;d\r\n'), both);
  assert.deepEqual(await written('x.jsonl', '{"Frage": "a; b", "Antwort": 2}\n{"x": 1}\n'), both);
  assert.deepEqual(await written('x.json', '[{"Frage": "a", "Antwort": "b"}]'), [
    { name: 'Frage', sample: '' },
    { name: 'Antwort', sample: '' },
  ]);
  const [first] = await dataFields('test/golden/parquet/squad.parquet');
  assert.deepEqual(first, { name: 'id', sample: 'a' });
  // More than is looked at: the row that is cut does not count.
  const line = `${JSON.stringify({ a: 'x'.repeat(900) })}\n`;
  assert.deepEqual(
    (await written('long.jsonl', line.repeat(2000))).map(f => f.name),
    ['a'],
  );
  assert.deepEqual(await written('broken.jsonl', 'no'), []);
});
