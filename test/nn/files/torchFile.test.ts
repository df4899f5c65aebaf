import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import fc from 'fast-check';
import { readTorchFile } from '../../../src/nn/files/torchFile.ts';
import { zipEntries } from '../../../src/nn/files/zipEntries.ts';
import { WorkbenchError } from '../../../src/protocol/errors.ts';
import { goldenPath } from '../../support/goldenFiles.ts';

/** Written by torch.save of PyTorch 2.15. */
const file = (name: string) => new Uint8Array(readFileSync(goldenPath(`torch/${name}`)));
const path = 'base_model.model.model.layers.0.self_attn.';
const eighths = (...values: number[]) => values.map(n => n / 8);

test("a state_dict of PyTorch's in F32, F16 and BF16, a transposed view among it", () => {
  const tensors = readTorchFile(file('adapter_model.bin'), 'a.bin');
  const found = [...tensors].map(([name, { shape, data }]) => [name.replace(path, ''), shape, [...data]]);
  assert.deepEqual(found, [
    ['q_proj.lora_A.weight', [2, 4], eighths(1, 2, 3, 4, 5, 6, 7, 8)],
    ['q_proj.lora_B.weight', [6, 2], eighths(1, 7, 2, 8, 3, 9, 4, 10, 5, 11, 6, 12)],
    ['k_proj.lora_A.weight', [2, 4], eighths(1, 2, 3, 4, 5, 6, 7, 8)],
    ['k_proj.lora_B.weight', [3, 2], eighths(1, 2, 3, 4, 5, 6)],
  ]);
});

test('a file that would run a program when Python reads it, and one from before PyTorch 1.6, are refused', () => {
  // Its one value is os.system('touch /tmp/executed-by-pickle').
  const refused = (name: string, message: RegExp) =>
    assert.throws(
      () => readTorchFile(file(name), `/adapters/${name}`),
      (e: unknown) =>
        e instanceof WorkbenchError &&
        e.code === 'unsupported' &&
        message.test(e.message) &&
        /torch\.load\('/.test(e.hint!),
    );
  refused('evil.bin', /evil\.bin: names "posix\.system", which is not a table of tensors; nothing was executed/);
  assert.equal(existsSync('/tmp/executed-by-pickle'), false);
  refused('legacy.bin', /legacy\.bin: is no archive of PyTorch's 1\.6 or later/);
});

/** The file with its pickle's bytes replaced where they are `from`, of the same length. */
function changed(from: Buffer, to: Buffer): Uint8Array {
  const bytes = Buffer.from(file('adapter_model.bin'));
  const at = bytes.indexOf(from);
  assert.ok(at > 0 && from.length === to.length);
  to.copy(bytes, at);
  return bytes;
}

test('sizes that a file claims are checked before they are believed', () => {
  const throws = (bytes: Uint8Array, message: RegExp) => assert.throws(() => readTorchFile(bytes, 'a.bin'), message);
  // The shape (2, 4) of the first tensor, and its strides (4, 1), as BININT1.
  throws(
    changed(Buffer.from('K\x02K\x04\x86', 'latin1'), Buffer.from('K\xc8K\xc8\x86', 'latin1')),
    /claim more numbers than the file holds/,
  );
  throws(
    changed(Buffer.from('K\x02K\x04\x86', 'latin1'), Buffer.from('K\x02K\x05\x86', 'latin1')),
    /reaches beyond its 32 bytes/,
  );
  throws(changed(Buffer.from('FloatStorage'), Buffer.from('IntegStorage')), /names "torch\.IntegStorage"/);
  throws(file('adapter_model.bin').subarray(0, 2000), /no directory of a zip archive/);
  const entries = zipEntries(file('adapter_model.bin'), 'a.bin');
  assert.equal(new TextDecoder().decode(entries.get('adapter_model/byteorder')), 'little');
});

test('no bytes make the reader fail in any other way', () => {
  const good = file('adapter_model.bin');
  const change = fc.record({ at: fc.nat(good.length - 1), to: fc.nat(255) });
  fc.assert(
    fc.property(fc.array(change, { minLength: 1, maxLength: 6 }), changes => {
      const bytes = good.slice();
      for (const { at, to } of changes) bytes[at] = to;
      try {
        readTorchFile(bytes, 'a.bin');
      } catch (error) {
        assert.ok(error instanceof WorkbenchError, String((error as Error).stack));
        assert.match(error.message, /^a\.bin: /);
      }
    }),
    { numRuns: 5000 },
  );
});
