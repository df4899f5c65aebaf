import type { Quantization } from '../../protocol/quantization.ts';
import type { BaseConfig } from '../model/config.ts';
import { int8Tensors, withInt8Places } from '../model/int8Tensors.ts';
import { baseTensors } from '../model/layout.ts';
import { codeBits, quantizedTensors } from '../model/quantizedTensors.ts';
import { blocksPerRow, bytesPerBlock, codesOf, scalesOf } from '../quant/blocks.ts';
import { type DType, dtypeSize } from '../tensor/dtype.ts';
import type { TensorPlace } from '../tensor/tensorPlace.ts';

/** The tensors that the checkpoint of a base would hold, for a memory plan from the base's configuration alone. */
export function plannedTensors(c: BaseConfig, dtype: DType): Map<string, TensorPlace> {
  return placedTensors([...baseTensors(c)].map(([name, shape]) => ({ name, dtype, shape })));
}

/** Tensors as they would lie in a checkpoint. */
export function placedTensors(tensors: { name: string; dtype: DType; shape: number[] }[]): Map<string, TensorPlace> {
  const place = placer();
  return new Map(tensors.map(({ name, dtype, shape }) => [name, place(dtype, shape)]));
}

/** A base's tensors as they will be with codes for products in 8 bits beside them. */
export function plannedCodes({ config, tensors }: { config: BaseConfig; tensors: ReadonlyMap<string, TensorPlace> }) {
  const codes = placedTensors(int8Tensors(config));
  return withInt8Places(config, tensors, name => codes.get(name)!);
}

/** A base's tensors and, beside them, the quantised copies that would be made. */
export function plannedCopies(
  c: BaseConfig,
  tensors: ReadonlyMap<string, TensorPlace>,
  quantization: Quantization,
): Map<string, TensorPlace> {
  const place = placer();
  const planned = new Map(tensors);
  const copied = quantizedTensors(c);
  for (const { name, source } of copied) planned.set(name, tensors.get(source)!);
  for (const { name, rows, cols } of copied) planned.set(scalesOf(name), place('F32', [rows, blocksPerRow(cols)]));
  for (const { name, rows, cols } of copied)
    planned.set(codesOf(name), place('U8', [rows, blocksPerRow(cols), bytesPerBlock(codeBits[quantization])]));
  return planned;
}

/** Puts tensors one behind the other. */
function placer() {
  let offset = 0;
  return (dtype: DType, shape: number[]): TensorPlace => {
    const length = shape.reduce((a, b) => a * b, dtypeSize[dtype]);
    offset += length;
    return { file: '', dtype, shape, offset: offset - length, length };
  };
}
