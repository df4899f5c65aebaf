import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import test from 'node:test';
import { checkReportPlaces, checkTrainingPlaces } from '../../src/experiment/checkResults.ts';
import { keepAdapter } from '../../src/experiment/keepAdapter.ts';
import { adapterPaths, type ResultPaths, resultPaths } from '../../src/experiment/paths.ts';
import { encodeSafetensors } from '../../src/nn/files/safetensors.ts';
import type { WorkbenchError } from '../../src/protocol/errors.ts';
import { temporaryFolder } from '../support/temporaryFolder.ts';

const trained = { base_sha256: 'ab' };

function write(path: string, content: string | Uint8Array): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, content);
}

/** An adapter folder; its factors have no tensors, and say what is given. */
function writeAdapter(folder: string, metadata: Record<string, string>): Buffer {
  const bytes = Buffer.concat(encodeSafetensors([], metadata));
  write(adapterPaths(folder).config, '{}');
  write(adapterPaths(folder).factors, bytes);
  return bytes;
}

const checkpoint = (fingerprint: string) => Buffer.concat(encodeSafetensors([], { fingerprint, position: '{}' }));

/** Results in a new folder, with what `make` puts there. */
function results(make: (paths: ResultPaths) => void): ResultPaths {
  const paths = resultPaths(temporaryFolder());
  make(paths);
  return paths;
}

const experts = ['math', 'code'];

test('what training wrote may be replaced: adapters, their records, checkpoints, also damaged ones', async () => {
  const cases: ((paths: ResultPaths) => void)[] = [
    () => {},
    paths => mkdirSync(paths.trainedAdapter('math'), { recursive: true }),
    paths => writeAdapter(paths.trainedAdapter('math'), trained),
    paths => {
      writeAdapter(paths.trainedAdapter('math'), trained);
      write(join(paths.trainedAdapter('math'), '.DS_Store'), 'of a file manager');
    },
    // Factors of the first versions do not say what they were trained on.
    paths => {
      const factors = writeAdapter(paths.trainedAdapter('code'), { format: 'pt' });
      const adapterHash = createHash('sha256').update(factors).digest('hex');
      write(paths.trainingRecord('code'), JSON.stringify({ expert: 'code', adapterHash }));
    },
    paths => write(paths.checkpoint(experts), checkpoint('f')),
    paths => write(paths.checkpoint(experts), checkpoint('f').subarray(0, 60)),
  ];
  for (const make of cases) await assert.doesNotReject(checkTrainingPlaces(results(make), experts));
});

test('what no training wrote is refused before anything is computed, and stays', async () => {
  const cases: [make: (paths: ResultPaths) => void, refused: string][] = [
    [paths => write(join(paths.trainedAdapter('math'), 'thesis.txt'), 'mine'), 'holds other files (thesis.txt)'],
    [
      paths => mkdirSync(join(paths.trainedAdapter('math'), 'adapter_config.json', 'x'), { recursive: true }),
      'other files',
    ],
    [paths => write(paths.trainedAdapter('math'), 'mine'), 'is no folder'],
    [paths => writeAdapter(paths.trainedAdapter('code'), { format: 'pt' }), 'an adapter that no training wrote'],
    [paths => write(adapterPaths(paths.trainedAdapter('code')).config, '{}'), 'an adapter that no training wrote'],
    [
      paths => {
        writeAdapter(paths.trainedAdapter('math'), trained);
        write(join(paths.trainedAdapter('math'), 'README.md'), 'mine');
      },
      'holds other files (README.md)',
    ],
    [paths => write(paths.trainingRecord('math'), '{"name": "mine"}'), 'is not the record of a training'],
    [paths => write(paths.trainingRecord('math'), 'mine'), 'is not the record of a training'],
    [
      paths => write(paths.checkpoint(experts), Buffer.concat(encodeSafetensors([], { format: 'pt' }))),
      'is not a checkpoint',
    ],
    [paths => write(paths.checkpoint(experts), ''), 'is not a checkpoint'],
  ];
  for (const [make, text] of cases) {
    const paths = results(make);
    const before = filesOf(paths.output);
    await assert.rejects(checkTrainingPlaces(paths, experts), (e: WorkbenchError) => {
      assert.deepEqual([e.code, e.message.includes(text)], ['badRequest', true], e.message);
      return true;
    });
    assert.deepEqual(filesOf(paths.output), before);
  }
});

test('links in the place of results are refused, wherever they lead', async () => {
  const mine = temporaryFolder();
  writeAdapter(mine, trained);
  const places = (paths: ResultPaths) => [
    ...paths.parts,
    paths.trainedAdapter('math'),
    paths.trainingRecord('code'),
    paths.checkpoint(experts),
  ];
  for (const i of places(resultPaths('')).keys())
    for (const target of [mine, join(mine, 'nowhere')]) {
      const paths = results(made => {
        mkdirSync(dirname(places(made)[i]!), { recursive: true });
        symlinkSync(target, places(made)[i]!);
      });
      await assert.rejects(checkTrainingPlaces(paths, experts), (e: WorkbenchError) => {
        assert.deepEqual([e.code, e.message.startsWith(`${places(paths)[i]} is a link`)], ['storage', true], e.message);
        return true;
      });
    }
});

test('what stands in the place of a report is refused before anything is measured', async () => {
  for (const name of ['report', 'reportPage'] as const) {
    const paths = results(made => mkdirSync(made[name], { recursive: true }));
    await assert.rejects(
      checkReportPlaces(paths),
      (e: WorkbenchError) => e.code === 'storage' && e.message === `${paths[name]} is no file; the report has its name`,
    );
  }
  await checkReportPlaces(results(made => write(made.report, '{}')));
  await checkReportPlaces(results(() => {}));
});

test('every adapter before is kept, the last one without a number, and none twice', async () => {
  const paths = resultPaths(temporaryFolder());
  const current = paths.trainedAdapter('math');
  assert.equal(await keepAdapter(paths, 'math'), undefined);
  const kept = () =>
    Object.fromEntries(
      readdirSync(dirname(paths.previousAdapter('math')))
        .sort()
        .map(name => [
          name,
          readFileSync(adapterPaths(join(paths.output, 'previous', name)).factors, 'latin1').match(/"n":"(\w)"/)?.[1],
        ]),
    );
  for (const n of ['a', 'b', 'b', 'c', 'a', 'b']) {
    writeAdapter(current, { ...trained, n });
    assert.equal(await keepAdapter(paths, 'math'), paths.previousAdapter('math'));
  }
  assert.deepEqual(kept(), { math: 'b', 'math~1': 'a', 'math~2': 'b', 'math~3': 'c' });
});

test('what somebody put where adapters before are kept stays there', async () => {
  const paths = results(made => write(join(made.previousAdapter('math'), 'mine'), 'x'));
  writeAdapter(paths.trainedAdapter('math'), trained);
  assert.equal(await keepAdapter(paths, 'math'), paths.previousAdapter('math', 1));
  assert.deepEqual(readdirSync(paths.previousAdapter('math')), ['mine']);
  const linked = results(made => {
    mkdirSync(dirname(made.previousAdapter('math')));
    symlinkSync(paths.previousAdapter('math'), made.previousAdapter('math'));
  });
  writeAdapter(linked.trainedAdapter('math'), trained);
  await assert.rejects(keepAdapter(linked, 'math'), /math is a link/);
});

/** Names and contents of all that lies in a folder. */
function filesOf(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .map(entry => {
      const path = join(entry.parentPath, entry.name);
      return `${path} ${entry.isFile() ? readFileSync(path, 'latin1') : ''}`;
    })
    .sort();
}
