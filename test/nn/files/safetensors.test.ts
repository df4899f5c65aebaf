import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  encodeSafetensors,
  maxHeaderLength,
  parseSafetensorsHeader,
  readTensorF32,
  type TensorToWrite,
} from '../../../src/nn/files/safetensors.ts';
import { WorkbenchError } from '../../../src/protocol/errors.ts';

const concat = (chunks: Uint8Array[]) => new Uint8Array(Buffer.concat(chunks));
const parse = (bytes: Uint8Array) => parseSafetensorsHeader(bytes, bytes.length, 'x.safetensors');

/** A file with the given header text and as many zero bytes of data. */
function fileOf(header: string, dataBytes: number): Uint8Array {
  const json = new TextEncoder().encode(header);
  const file = new Uint8Array(8 + json.length + dataBytes);
  new DataView(file.buffer).setBigUint64(0, BigInt(json.length), true);
  file.set(json, 8);
  return file;
}

function refuses(bytes: Uint8Array, message: RegExp, code = 'badFile', fileSize = bytes.length): void {
  assert.throws(
    () => parseSafetensorsHeader(bytes, fileSize, 'x.safetensors'),
    (error: unknown) => {
      assert.ok(error instanceof WorkbenchError, String(error));
      assert.equal(error.code, code);
      assert.match(error.message, /^x\.safetensors: /);
      assert.match(error.message, message);
      return true;
    },
  );
}

test('a small file has exactly the bytes of the reference layout', () => {
  const [header, ...data] = encodeSafetensors(
    [
      { name: 'b', dtype: 'F32', shape: [1, 2], data: Float32Array.of(1, -2) },
      { name: 'a', dtype: 'F32', shape: [], data: Float32Array.of(0.5) },
      { name: 'A', dtype: 'F16', shape: [1], data: Float32Array.of(1) },
    ],
    { format: 'pt' },
  );
  const json =
    '{"__metadata__":{"format":"pt"},"a":{"dtype":"F32","shape":[],"data_offsets":[0,4]},' +
    '"b":{"dtype":"F32","shape":[1,2],"data_offsets":[4,12]},"A":{"dtype":"F16","shape":[1],"data_offsets":[12,14]}}';
  assert.equal(header!.length % 8, 0);
  assert.equal(new TextDecoder().decode(header!.subarray(8)).trimEnd(), json);
  assert.deepEqual([...concat(data)], [0, 0, 0, 0x3f, 0, 0, 0x80, 0x3f, 0, 0, 0, 0xc0, 0, 0x3c]);
});

test('what was written is read back, in every float type and at odd offsets', () => {
  const values = Float32Array.of(0, -0, 1, -1.5, 65504, 2 ** -24, 0.0999755859375, Number.POSITIVE_INFINITY);
  const types = ['F64', 'F32', 'F16', 'BF16'] as const;
  const tensors: TensorToWrite[] = types.map(dtype => ({ name: dtype, dtype, shape: [2, 4], data: values }));
  tensors.push({ name: 'bytes', dtype: 'U8', shape: [3], data: Uint8Array.of(1, 2, 3) });
  tensors.push({ name: 'none', dtype: 'F32', shape: [0, 7], data: new Float32Array(0) });
  const file = concat([Uint8Array.of(9), ...encodeSafetensors(tensors)]).subarray(1);
  const header = parse(file);
  assert.deepEqual([...header.tensors.keys()].sort(), ['BF16', 'F16', 'F32', 'F64', 'bytes', 'none']);
  for (const dtype of types) {
    const entry = header.tensors.get(dtype)!;
    const got = readTensorF32(entry, file.subarray(entry.begin, entry.end));
    // 65504 and 0.09997… have more bits than a brain float keeps.
    const expected =
      dtype === 'BF16'
        ? Float32Array.from(values, v => (v === 65504 ? 65536 : v === values[6] ? 0.10009765625 : v))
        : values;
    assert.deepEqual(got, expected, dtype);
  }
});

test('malformed headers are refused with the tensor and the reason', () => {
  const entry = (shape: string, offsets: string, dtype = '"F32"') =>
    `{"dtype":${dtype},"shape":${shape},"data_offsets":${offsets}}`;
  refuses(new Uint8Array(7), /7 bytes long/);
  refuses(fileOf('{}', 0), /only 0 after/, 'badFile', 8);
  const huge = new Uint8Array(16).fill(0xff);
  refuses(huge, new RegExp(`at most ${maxHeaderLength}`));
  refuses(fileOf(' {}', 0), /start with '\{'/);
  refuses(fileOf('{"a":', 0), /not JSON/);
  refuses(fileOf('[]', 0), /start with/);
  const invalid = fileOf('{"a":1}', 0);
  invalid[10] = 0xff;
  refuses(invalid, /UTF-8/);
  refuses(fileOf('{"a":1}', 0), /"a": its entry is not an object/);
  refuses(fileOf(`{"a":${entry('[1]', '[0,4]', '"F8_E4M3"')}}`, 4), /F8_E4M3/, 'unsupported');
  refuses(fileOf(`{"a":${entry('[1]', '[0,4]', '"constructor"')}}`, 4), /constructor/, 'unsupported');
  refuses(fileOf(`{"a":${entry('[1.5]', '[0,4]')}}`, 4), /shape/);
  refuses(fileOf(`{"a":${entry('[-1]', '[0,4]')}}`, 4), /shape/);
  refuses(fileOf(`{"a":${entry('[1]', '[0]')}}`, 4), /data_offsets/);
  refuses(fileOf(`{"a":${entry('[1]', '[0,8]')}}`, 4), /outside the 4 bytes/);
  refuses(fileOf(`{"a":${entry('[1]', '[4,0]')}}`, 4), /outside/);
  refuses(fileOf(`{"a":${entry('[2]', '[0,4]')}}`, 4), /needs 8 bytes, data_offsets hold 4/);
  refuses(fileOf(`{"a":${entry('[4294967296,4294967296,4294967296]', '[0,4]')}}`, 4), /needs/);
  refuses(fileOf(`{"a":${entry('[1]', '[0,4]')},"b":${entry('[1]', '[0,4]')}}`, 4), /"b": overlaps/);
  refuses(fileOf(`{"a":${entry('[1]', '[4,8]')}}`, 8), /4 bytes before it belong to no tensor/);
  refuses(fileOf(`{"a":${entry('[1]', '[0,4]')}}`, 6), /last 2 bytes/);
  refuses(fileOf(`{"a":${entry('[1]', '[0,4]')},"\\u0061":${entry('[1]', '[0,4]')}}`, 4), /names "a" twice/);
  refuses(fileOf(`{"a":${'['.repeat(1e5)}${']'.repeat(1e5)}}`, 0), /not an object/);
  refuses(fileOf(`{"a":{"dtype":"F32","shape":[1],"shape":[1],"data_offsets":[0,4]}}`, 4), /"shape" twice/);
  refuses(fileOf(`{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4],"x":1}}`, 4), /unknown field "x"/);
  refuses(fileOf('{"__metadata__":{"a":1}}', 0), /object of strings/);
});

const tensorArbitrary = fc
  .record({
    name: fc.string({ minLength: 1 }).filter(name => name !== '__metadata__'),
    dtype: fc.constantFrom('F64' as const, 'F32' as const),
    shape: fc.array(fc.nat(4), { maxLength: 3 }),
  })
  .chain(({ name, dtype, shape }) => {
    const count = shape.reduce((a, b) => a * b, 1);
    return fc
      .float32Array({ minLength: count, maxLength: count })
      .map((data): TensorToWrite => ({ name, dtype, shape, data }));
  });
const filesArbitrary = fc.uniqueArray(tensorArbitrary, { selector: tensor => tensor.name, maxLength: 5 });

test('any list of tensors survives the round trip', () => {
  fc.assert(
    fc.property(filesArbitrary, fc.dictionary(fc.string(), fc.string()), (tensors, metadata) => {
      const file = concat(encodeSafetensors(tensors, metadata));
      const header = parse(file);
      assert.deepEqual({ ...header.metadata }, { ...metadata });
      assert.equal(header.tensors.size, tensors.length);
      for (const { name, shape, data } of tensors) {
        const entry = header.tensors.get(name)!;
        assert.deepEqual(entry.shape, shape);
        assert.deepEqual(readTensorF32(entry, file.subarray(entry.begin, entry.end)), data);
      }
    }),
    { numRuns: 200 },
  );
});

/** Whatever the bytes, the reader gives a header whose ranges can be read, or one kind of error. */
function readsOrRefuses(file: Uint8Array): void {
  try {
    for (const entry of parse(file).tensors.values()) {
      const bytes = file.subarray(entry.begin, entry.end);
      if (entry.dtype.includes('F')) readTensorF32(entry, bytes);
    }
  } catch (error) {
    assert.ok(error instanceof WorkbenchError, String(error));
  }
}

test('truncated, altered and random files never crash the reader', () => {
  fc.assert(
    fc.property(
      filesArbitrary,
      fc.nat(),
      fc.array(fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 })), { maxLength: 4 }),
      (tensors, cut, edits) => {
        const file = concat(encodeSafetensors(tensors, { format: 'pt' }));
        readsOrRefuses(file.subarray(0, cut % file.length));
        const altered = file.slice();
        for (const [at, byte] of edits) altered[at % altered.length] = byte;
        readsOrRefuses(altered);
      },
    ),
    { numRuns: 500 },
  );
  fc.assert(fc.property(fc.uint8Array({ maxLength: 64 }), readsOrRefuses), { numRuns: 500 });
  fc.assert(
    fc.property(fc.json(), fc.nat(64), (text, data) => readsOrRefuses(fileOf(text, data))),
    { numRuns: 500 },
  );
});

test("readTensorF32 reads its own bytes of Node's Buffer, whose slice is a view", () => {
  const file = Buffer.from(Float32Array.of(9, 1, 2, 3, 9).buffer);
  const read = readTensorF32({ dtype: 'F32', shape: [3] }, file.subarray(4, 16));
  assert.deepEqual([...read], [1, 2, 3]);
  assert.equal(read.length, 3);
});
