import type { Int8ForwardSource } from '../quant/int8Forward.ts';
import type { Int8Source } from '../quant/int8Products.ts';
import { int8Names } from '../quant/int8Weights.ts';
import type { TensorPlace } from '../tensor/tensorPlace.ts';
import type { BaseConfig } from './config.ts';
import { type LinearGroup, linearGroups } from './layout.ts';
import { outputWeight } from './transformer.ts';

/** A tensor of the copy of a base that its products in 8 bits read. */
export interface Int8Tensor {
  name: string;
  dtype: 'I8' | 'F32';
  shape: number[];
}

/** Whether what these layers read is smoothed. What `down` reads has outliers in single tokens, which no scale of columns cures. */
export function isSmoothed({ role }: Pick<LinearGroup, 'role'>): boolean {
  return role !== 'down';
}

/**
 * Weights whose forward product reads its input in two terms: of `down` for its outliers, of queries, keys and values and of the
 * vocabulary because most of what rounding does to gradients comes from there. All but `down` are small.
 */
function twoTermWeights(c: BaseConfig): ReadonlySet<string> {
  const groups = linearGroups(c).filter(({ role }) => role === 'qkv' || role === 'down');
  return new Set([...groups.flatMap(g => g.layers.map(l => `${l.path}.weight`)), outputWeight(c)]);
}

/**
 * Weights whose products read blocks of their input in a graph that answers: all but the widest, those of gate and up, where
 * large batches spend most of their time, and the vocabulary's, which is a single product and most precise in two terms.
 */
function blockWeights(c: BaseConfig): ReadonlySet<string> {
  const groups = linearGroups(c).filter(({ role }) => role !== 'mlp');
  return new Set(groups.flatMap(g => g.layers.map(l => `${l.path}.weight`)));
}

/** The smoothing that layers share has the name of the first. */
export function smoothingName({ layers: [first] }: LinearGroup): string {
  return int8Names.smoothing(`${first!.path}.weight`);
}

/**
 * What the copy holds: codes of all linear layers for both directions, and of the output projection for the forward one
 * alone. Gradients of logits are near zero but for a few words of each row: in 8 bits nothing is left of the others.
 */
export function int8Tensors(c: BaseConfig): Int8Tensor[] {
  const linears = linearGroups(c).flatMap(group => [
    ...(isSmoothed(group) ? [{ name: smoothingName(group), dtype: 'F32' as const, shape: [group.in] }] : []),
    ...group.layers.flatMap(l => [
      ...forwardTensors(`${l.path}.weight`, l.out, l.in),
      { name: int8Names.backwardScales(`${l.path}.weight`), dtype: 'F32' as const, shape: [l.in] },
      { name: int8Names.backward(`${l.path}.weight`), dtype: 'I8' as const, shape: [l.out, l.in] },
    ]),
  ]);
  return [...linears, ...forwardTensors(outputWeight(c), c.vocab, c.dim)];
}

function forwardTensors(weight: string, out: number, width: number): Int8Tensor[] {
  return [
    { name: int8Names.forwardScales(weight), dtype: 'F32', shape: [out] },
    { name: int8Names.forward(weight), dtype: 'I8', shape: [width, out] },
  ];
}

/** A base's tensors and, beside them, the places of its copy, by the name of each weight. */
export function withInt8Places(
  c: BaseConfig,
  tensors: ReadonlyMap<string, TensorPlace>,
  placeOf: (name: string) => TensorPlace,
): Map<string, TensorPlace> {
  const places = new Map(tensors);
  for (const { name } of int8Tensors(c)) places.set(name, placeOf(name));
  for (const group of linearGroups(c).filter(isSmoothed))
    for (const l of group.layers) places.set(int8Names.smoothing(`${l.path}.weight`), placeOf(smoothingName(group)));
  return places;
}

/** What products in 8 bits read in a graph that answers. */
export function int8ForwardSource(c: BaseConfig, tensors: ReadonlyMap<string, TensorPlace>): Int8ForwardSource {
  return { ...int8Source(c, tensors), inBlocks: blockWeights(c) };
}

/** What products in 8 bits read. */
export function int8Source(c: BaseConfig, tensors: ReadonlyMap<string, TensorPlace>): Int8Source {
  return { tensors, twoTerms: twoTermWeights(c) };
}

/** Whether a base's tensors have codes beside them, as `withInt8Places` puts them there. */
export function hasInt8Codes(c: BaseConfig, tensors: ReadonlyMap<string, TensorPlace>): boolean {
  return tensors.has(int8Names.forward(outputWeight(c)));
}
