import { WorkbenchError } from '../../protocol/errors.ts';
import { type DType, dtypeSize, type FloatTensor } from '../tensor/dtype.ts';
import { readTensorF32 } from './safetensors.ts';
import { unpickle } from './unpickle.ts';
import { zipEntries } from './zipEntries.ts';

/** What a file of PyTorch may name, and what stands for it here. */
const storages: Record<string, DType> = {
  'torch.FloatStorage': 'F32',
  'torch.HalfStorage': 'F16',
  'torch.BFloat16Storage': 'BF16',
  'torch.DoubleStorage': 'F64',
};
const calls = ['collections.OrderedDict', 'torch._utils._rebuild_tensor_v2', 'torch._utils._rebuild_parameter'];

/** Numbers of a tensor, in a storage that others may share. */
interface Storage {
  dtype: DType;
  key: string;
}

interface StridedTensor {
  storage: Storage;
  /** In elements, as the strides. */
  offset: number;
  shape: number[];
  strides: number[];
}

const maxTensors = 200_000;
const maxAxes = 8;

const convert = (file: string) =>
  `Convert it with PyTorch: python -c "import torch, safetensors.torch as s; s.save_file({k: v.contiguous() for k, v in torch.load('${file}', map_location='cpu', weights_only=True).items()}, 'adapter_model.safetensors')"`;

/**
 * The tensors of a table (state_dict) that `torch.save` has written, as single floats. Nothing of the file is executed: its
 * pickle is read as data, in which a handful of names stand for tensors, and any other name is refused.
 *
 * @throws WorkbenchError `unsupported` for names and storages that are not floats in a table, and the format from before
 *   PyTorch 1.6; `badFile` for what does not fit together
 */
export function readTorchFile(bytes: Uint8Array, fileName: string): Map<string, FloatTensor> {
  const bad = (what: string) => new WorkbenchError('badFile', `${fileName}: ${what}`, 'Copy or download it again.');
  const refuse = (what: string) =>
    new WorkbenchError('unsupported', `${fileName}: ${what}`, convert(fileName.replace(/^.*[\\/]/, '')));
  if (!isZip(bytes)) throw refuse("is no archive of PyTorch's 1.6 or later");
  const entries = zipEntries(bytes, fileName);
  const table = [...entries.keys()].find(name => /^[^/]*\/data\.pkl$/.test(name));
  if (table === undefined) throw refuse('is a zip archive without data.pkl, as torch.save writes it');
  const folder = table.slice(0, -'data.pkl'.length);
  const order = entries.get(`${folder}byteorder`);
  if (order && new TextDecoder().decode(order).trim() !== 'little') throw refuse('is in big-endian order');

  const known = new Set([...calls, ...Object.keys(storages)]);
  const state = unpickle(entries.get(table)!, fileName, {
    global(name) {
      if (known.has(name)) return { global: name };
      throw refuse(
        `names ${JSON.stringify(name.slice(0, 100))}, which is not a table of tensors; nothing was executed`,
      );
    },
    call(target, args) {
      const name = (target as { global?: unknown } | null)?.global;
      if (name === 'collections.OrderedDict' && args.length === 0) return new Map();
      if (name === 'torch._utils._rebuild_parameter' && isTensor(args[0])) return args[0];
      if (name === 'torch._utils._rebuild_tensor_v2') return tensorOf(args, bad);
      throw bad('its table of tensors is broken');
    },
    persistent(id) {
      const [kind, type, key] = Array.isArray(id) ? id : [];
      const name = (type as { global?: unknown } | null)?.global;
      const dtype = typeof name === 'string' ? storages[name] : undefined;
      if (kind === 'storage' && dtype && typeof key === 'string') return { dtype, key } satisfies Storage;
      throw bad('its table of tensors is broken');
    },
  });
  if (!(state instanceof Map)) throw refuse('is not a table of tensors (state_dict)');
  if (state.size > maxTensors) throw bad(`lists ${state.size} tensors; at most ${maxTensors} are read`);
  const tensors = new Map<string, FloatTensor>();
  let total = 0;
  for (const [name, value] of state as Map<unknown, unknown>) {
    if (typeof name !== 'string' || !isTensor(value))
      throw refuse(`holds ${JSON.stringify(`${name}`.slice(0, 100))}, which is not a tensor`);
    const { storage, shape } = value;
    const data = entries.get(`${folder}data/${storage.key}`);
    if (!data) throw bad(`the numbers of ${JSON.stringify(name.slice(0, 100))} are missing`);
    total += product(shape) * dtypeSize[storage.dtype];
    // Views of one storage could claim any number of copies of it.
    if (total > bytes.length) throw bad('its tensors claim more numbers than the file holds');
    tensors.set(name, { shape, data: readStrided(value, data, name, bad) });
  }
  return tensors;
}

/** Whether a file begins as a zip archive. */
function isZip(bytes: Uint8Array): boolean {
  return bytes[0] === 0x50 && bytes[1] === 0x4b && bytes[2] === 3 && bytes[3] === 4;
}

function isTensor(value: unknown): value is StridedTensor {
  return typeof value === 'object' && value !== null && 'storage' in value;
}

function tensorOf([storage, offset, shape, strides]: unknown[], bad: (what: string) => WorkbenchError): StridedTensor {
  const sizes = (v: unknown): v is number[] =>
    Array.isArray(v) && v.length <= maxAxes && v.every(n => Number.isSafeInteger(n) && n >= 0);
  const isStorage = typeof storage === 'object' && storage !== null && 'dtype' in storage && 'key' in storage;
  if (!isStorage || !sizes([offset]) || !sizes(shape) || !sizes(strides) || shape.length !== strides.length)
    throw bad('its table of tensors is broken');
  return { storage: storage as Storage, offset: offset as number, shape, strides };
}

/** The numbers of a tensor in row-major order, whatever their order in the storage. */
function readStrided(
  { storage: { dtype }, offset, shape, strides }: StridedTensor,
  data: Uint8Array,
  name: string,
  bad: (what: string) => WorkbenchError,
): Float32Array {
  const size = dtypeSize[dtype];
  const count = product(shape);
  const last = shape.reduce((at, n, axis) => at + (n - 1) * strides[axis]!, offset);
  if (count === 0) return new Float32Array(0);
  if ((last + 1) * size > data.length)
    throw bad(`${JSON.stringify(name.slice(0, 100))} reaches beyond its ${data.length} bytes`);
  const isRowMajor = shape.every((n, axis) => n === 1 || strides[axis] === product(shape.slice(axis + 1)));
  if (isRowMajor) return readTensorF32({ dtype, shape }, data.subarray(offset * size, (offset + count) * size));
  const span = readTensorF32({ dtype, shape: [last + 1 - offset] }, data.subarray(offset * size, (last + 1) * size));
  const values = new Float32Array(count);
  const index = shape.map(() => 0);
  for (let i = 0; i < count; i++) {
    values[i] = span[index.reduce((at, n, axis) => at + n * strides[axis]!, 0)]!;
    for (let axis = shape.length - 1; axis >= 0 && ++index[axis]! === shape[axis]; axis--) index[axis] = 0;
  }
  return values;
}

function product(shape: readonly number[]): number {
  return shape.reduce((a, b) => a * b, 1);
}
