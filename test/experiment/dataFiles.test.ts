import assert from 'node:assert/strict';
import { truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { MAX_FILE_BYTES } from '../../src/data/limits.ts';
import { readDataset } from '../../src/experiment/dataFiles.ts';
import { temporaryFolder } from '../support/temporaryFolder.ts';

test('what of a dataset is not used, or was converted, is told beside its examples', async () => {
  const folder = temporaryFolder();
  writeFileSync(
    join(folder, 'a.csv'),
    Buffer.from('prompt;completion;topic\nGr\xfc\xdfe?;Gr\xfc\xdf Gott;x\n', 'latin1'),
  );
  const { examples, warnings } = await readDataset(folder, 'a.csv');
  assert.equal(examples[0]!.messages[0]!.content, 'Grüße?');
  assert.deepEqual(
    warnings.map(p => [p.code, p.where]),
    [
      ['convertedText', 'a.csv:1'],
      ['unusedField', 'a.csv:2'],
    ],
  );
});

test('errors are told with file and line, without the warnings', async () => {
  const folder = temporaryFolder();
  writeFileSync(join(folder, 'a.jsonl'), '{"prompt": "a", "completion": "b", "topic": 1}\n{"prompt": 1}\n');
  await assert.rejects(readDataset(folder, 'a.jsonl'), error => {
    const { code, problems } = error as { code: string; problems: { where: string }[] };
    assert.deepEqual([code, problems.map(p => p.where)], ['badData', Array(2).fill(join(folder, 'a.jsonl:2'))]);
    return true;
  });
});

test('a file beyond the limit is refused before it is read', async () => {
  const folder = temporaryFolder();
  writeFileSync(join(folder, 'a.jsonl'), '');
  truncateSync(join(folder, 'a.jsonl'), 50 * MAX_FILE_BYTES);
  await assert.rejects(
    readDataset(folder, 'a.jsonl'),
    /a\.jsonl: the file has 10000 MB, more than the 200 MB that are read/,
  );
});
