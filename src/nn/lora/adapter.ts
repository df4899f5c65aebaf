import { WorkbenchError } from '../../protocol/errors.ts';
import type { BaseConfig } from '../model/config.ts';
import { baseTensors, isEmbedding, isHead, linearLayers } from '../model/layout.ts';
import type { FloatTensor, Matrix } from '../tensor/dtype.ts';
import type { AdapterConfig } from './adapterConfig.ts';

/**
 * The factors of one linear layer: ΔW [out, in] = scaling · B · A (Hu et al. 2021, arXiv:2106.09685). With a magnitude m, W +
 * ΔW is m ⊙ (W + scaling · B · A) / ‖W + scaling · B · A‖, row by row (DoRA, Liu et al. 2024, arXiv:2402.09353).
 */
export interface LoraFactors {
  /** [rank, in] */
  A: Matrix;
  /** [out, rank] */
  B: Matrix;
  scaling: number;
  /** [out] */
  magnitude?: Float32Array;
}

export interface Adapter {
  name: string;
  config: AdapterConfig;
  /**
   * By module path, for example `model.layers.0.self_attn.q_proj`. Those of the embedding [vocab, dim] are as of a linear
   * layer with the embedding's rows as outputs.
   */
  modules: Map<string, LoraFactors>;
  /** What was trained whole, by the base's name for the tensor that it stands in place of. */
  own?: ReadonlyMap<string, OwnTensor>;
}

/** A tensor of the adapter's own: biases, the output layer or the embedding, or some rows of these. */
export interface OwnTensor extends FloatTensor {
  /** The rows of the base's tensor that it has, in its own order; all without it. */
  rows?: number[];
  /** The base's tensor as PEFT copies it into the file beside factors: it must be the base's own. */
  isCopy?: boolean;
}

/** How an adapter is more than factors of linear layers in blocks; undefined for those that are not. */
export function beyondFactors(adapter: Adapter): string | undefined {
  if (isDora(adapter)) return 'is trained with DoRA';
  const names = [...(adapter.own ?? new Map<string, OwnTensor>())].flatMap(([name, { isCopy }]) =>
    isCopy ? [] : [name],
  );
  if (names.length > 0)
    return `has ${names.every(n => n.endsWith('.bias')) ? 'trained biases' : `${names[0]} of its own`}`;
  const outside = [...adapter.modules.keys()].find(path => isEmbedding(path) || isHead(path));
  return outside && `adapts ${outside}`;
}

/** Whether an adapter has magnitudes: its ΔW then depends on the base's W. */
export function isDora({ modules }: Adapter): boolean {
  return [...modules.values()].some(({ magnitude }) => magnitude !== undefined);
}

/** What a row of W + s B A is multiplied with in DoRA; a row of zeros stays one. */
export function rowFactor(magnitude: number, norm: number): number {
  return norm === 0 ? 1 : magnitude / norm;
}

/** The size of a layer's weight [out, in], and whether it has a bias. */
export interface LayerSize {
  in: number;
  out: number;
  bias?: boolean;
}

/**
 * Checks that every module of the adapter is a linear layer of the base, of the same size, and what it has of its own such
 * a layer's bias: as it can be run beside others.
 *
 * @param layers the base's linear layers by module path
 * @throws WorkbenchError `mismatch` naming the first key that does not fit, `unsupported` for what changes the embedding,
 *   the output layer or a norm
 */
export function checkAdapterFits(adapter: Adapter, layers: ReadonlyMap<string, LayerSize>): void {
  for (const [module, factors] of adapter.modules) {
    const layer = layers.get(module);
    if (!layer && (isEmbedding(module) || isHead(module)))
      throw onlyMerged(
        adapter,
        `${keyPrefix}${module}.lora_A.weight adapts ${module}, ${isHead(module) ? 'the output layer' : 'the embedding'}`,
      );
    if (!layer) throw noLayer(adapter, module, layers);
    checkSize(adapter, module, factors, layer);
  }
  for (const [name, { shape, isCopy }] of adapter.own ?? []) {
    const layer = layers.get(name.replace(/\.bias$/, ''));
    if (isCopy) continue;
    if (!name.endsWith('.bias') || !layer) throw onlyMerged(adapter, `has ${name} of its own`);
    if (!layer.bias) throw wrongBase(adapter, `has ${name}, where the base's layer has no bias`);
    if (`${shape}` !== `${[layer.out]}`)
      throw wrongBase(adapter, `${name} is [${shape}], the base's layer gives ${layer.out} outputs`);
  }
}

/** As checkAdapterFits, for an adapter that is merged into a copy of the base: any of its tensors may change. */
export function checkFitsBase(adapter: Adapter, config: BaseConfig): void {
  const layers = new Map(linearLayers(config).map(l => [l.path, l]));
  const tensors = baseTensors(config);
  const { embedding, head } = config.names;
  const [vocab = 0, dim = 0] = tensors.get(`${embedding}.weight`) ?? [];
  for (const [module, factors] of adapter.modules) {
    const isOuter = module === embedding || module === head;
    const layer = isOuter ? { in: dim, out: vocab } : layers.get(module);
    if (!layer) throw noLayer(adapter, module, layers);
    checkSize(adapter, module, factors, layer);
  }
  for (const [name, { shape, rows }] of adapter.own ?? []) {
    // A base whose output layer is its embedding has no tensor of the name; its copy gets one.
    const of = tensors.get(name) ?? (name === `${head}.weight` ? [vocab, dim] : undefined);
    if (!of) throw wrongBase(adapter, `has ${name}, which the base does not have`);
    const beyond = rows?.find(row => row >= of[0]!);
    if (beyond !== undefined) throw extended(adapter, `trains token ${beyond}`, of[0]!);
    const wanted = rows ? [rows.length, ...of.slice(1)] : of;
    if (`${shape}` === `${wanted}`) continue;
    if (shape.length === 2 && shape[0]! > wanted[0]! && shape[1] === wanted[1])
      throw extended(adapter, `${name} has ${shape[0]} rows`, wanted[0]!);
    throw wrongBase(adapter, `${name} is [${shape}], the base's is [${wanted}]`);
  }
}

function checkSize(adapter: Adapter, module: string, { A, B }: LoraFactors, layer: LayerSize): void {
  const key = `${keyPrefix}${module}`;
  if (A.rows !== B.cols) throw wrongBase(adapter, `${key}: lora_A has rank ${A.rows}, lora_B has rank ${B.cols}`);
  if (isEmbedding(module) && A.cols === layer.in && B.rows > layer.out)
    throw extended(adapter, `${key} has ${B.rows} rows`, layer.out);
  if (A.cols !== layer.in)
    throw wrongBase(
      adapter,
      `${key}.lora_A.weight is [${A.rows}, ${A.cols}], the base's layer takes ${layer.in} inputs`,
    );
  if (B.rows !== layer.out)
    throw wrongBase(
      adapter,
      `${key}.lora_B.weight is [${B.rows}, ${B.cols}], the base's layer gives ${layer.out} outputs`,
    );
}

const keyPrefix = 'base_model.model.';

function wrongBase({ name }: Adapter, what: string): WorkbenchError {
  return new WorkbenchError('mismatch', `Adapter ${name}: ${what}`, 'Was it trained for another base?');
}

/** An adapter of a base whose vocabulary was made larger before the training. */
function extended({ name }: Adapter, what: string, rows: number): WorkbenchError {
  return new WorkbenchError(
    'mismatch',
    `Adapter ${name}: ${what}, the base's vocabulary ${rows}: it was trained on a base with added tokens`,
    'Name that base: load the original with transformers and the tokenizer that came with the adapter, model.resize_token_embeddings(len(tokenizer)), and save both into one folder.',
  );
}

/** What can be had of an adapter in a copy of its base alone. */
function onlyMerged({ name }: Adapter, what: string): WorkbenchError {
  return new WorkbenchError(
    'unsupported',
    `Adapter ${name}: ${what}; beside others it can have factors of linear layers in blocks, and their biases`,
    `Merge it into a copy of its base, which is exact, and name that as the base: multi-lora export RECIPE ${name} --format merged --out DIR, or multi-lora merge --adapter FOLDER=1 --into-base --base BASE --out DIR`,
  );
}

function noLayer(adapter: Adapter, module: string, layers: ReadonlyMap<string, unknown>): WorkbenchError {
  const adapts = `${keyPrefix}${module}.lora_A.weight adapts ${module}`;
  const paths = [...layers.keys()];
  const count = new Set(paths.map(path => /\.layers\.(\d+)\./.exec(path)?.[1])).size;
  const names = [...new Set(paths.map(path => path.slice(path.lastIndexOf('.') + 1)))].join(', ');
  return wrongBase(adapter, `${adapts}, which the base does not have; it has ${count} blocks with ${names}`);
}

/**
 * A rank above the smaller side of a layer adds parameters but no freedom: it is a mistake in a recipe or a merge.
 *
 * @throws WorkbenchError `mismatch`
 */
export function checkRank(rank: number, inputs: number, outputs: number, module: string): void {
  const limit = Math.min(inputs, outputs);
  if (Number.isInteger(rank) && rank >= 1 && rank <= limit) return;
  throw new WorkbenchError(
    'mismatch',
    `Rank ${rank} does not fit ${module} [${outputs}, ${inputs}]`,
    `Use a whole number from 1 to ${limit}.`,
  );
}
