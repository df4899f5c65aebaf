import { WorkbenchError } from '../../protocol/errors.ts';
import type { TensorToWrite } from '../files/safetensors.ts';
import { allFinite } from '../tensor/allFinite.ts';
import type { FloatTensor, Matrix } from '../tensor/dtype.ts';
import { type AdapterConfig, formatAdapterConfig, rankOf, scalingDivisor, scalingOf } from './adapterConfig.ts';
import { type AdapterPart, parseAdapterKey } from './adapterKeys.ts';
import { mlxToPeftTensors } from './mlxAdapter.ts';
import { isTargeted, targetExpression } from './modulePattern.ts';
import { foreignKey } from './otherAdapters.ts';

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
  /** By module path, for example `model.layers.0.self_attn.q_proj`. */
  modules: Map<string, LoraFactors>;
}

const keyPrefix = 'base_model.model.';
/** Without `.weight` at its end, as PEFT writes it. */
const magnitudePart = 'lora_magnitude_vector';

/** What a file holds of one module; a magnitude as a matrix of one column. */
type Parts = Partial<Record<AdapterPart, Matrix>>;

/** Two for each linear layer, or three; the largest dense models have 1,800. */
const maxTensors = 10_000;
const maxKeyLength = 300;

/**
 * An adapter from the tensors of PEFT's adapter_model.safetensors, or of MLX's adapters.safetensors, at `file`. Every
 * tensor is used or refused: none is dropped.
 *
 * @throws WorkbenchError `mismatch` naming the key that is no LoRA factor, lacks its partner, is there twice or has another
 *   rank than the config says; `badFile` for values that are not finite
 */
export function adapterFromPeft(
  config: AdapterConfig,
  tensors: Map<string, FloatTensor>,
  name: string,
  file: string,
): Adapter {
  const where = `Adapter ${name}: ${file}`;
  const wrong = (what: string, hint?: string) => new WorkbenchError('mismatch', `${where}: ${what}`, hint);
  const found = new Map<string, Parts>();
  if (tensors.size > maxTensors) throw wrong(`its file holds ${tensors.size} tensors; at most ${maxTensors} are read`);
  const adapters = new Set<string>();
  for (const [key, tensor] of mlxToPeftTensors(tensors)) {
    const place = parseAdapterKey(key);
    if (!place) {
      const { what, hint } = foreignKey(key);
      throw wrong(`the key ${key} is not a LoRA factor of a linear layer${what ? `; it is ${what}` : ''}`, hint);
    }
    if (key.length > maxKeyLength) throw wrong(`the key ${key.slice(0, 60)}… has more than ${maxKeyLength} characters`);
    const [rows, cols = 1] = tensor.shape;
    const isVector = place.part === 'magnitude';
    if (tensor.shape.length !== (isVector ? 1 : 2) || !rows || !cols)
      throw wrong(`${key} has the shape [${tensor.shape}], expected a ${isVector ? 'vector' : 'matrix'}`);
    if (!allFinite(tensor.data)) {
      throw new WorkbenchError('badFile', `${where}: ${key} holds values that are not finite numbers`);
    }
    if (place.adapter) adapters.add(place.adapter);
    const parts = found.get(place.module) ?? {};
    if (parts[place.part]) throw wrong(`${key} is there a second time, under another name`);
    parts[place.part] = { rows, cols, data: tensor.data };
    found.set(place.module, parts);
  }
  if (adapters.size > 1)
    throw wrong(
      `its file holds several adapters: ${[...adapters].slice(0, 5).join(', ')}`,
      "Save one with PEFT: model.save_pretrained(FOLDER, selected_adapters=['NAME']).",
    );
  if (found.size === 0) throw wrong('its file holds no LoRA factors');
  const modules = new Map<string, LoraFactors>();
  for (const [module, { A, B, magnitude }] of found) {
    const key = `${keyPrefix}${module}`;
    if (!A) throw wrong(`${key}.lora_B.weight has no partner ${key}.lora_A.weight`);
    if (!B) throw wrong(`${key}.lora_A.weight has no partner ${key}.lora_B.weight`);
    const rank = rankOf(config, module);
    if (A.rows !== rank) throw wrong(`${key}.lora_A.weight has rank ${A.rows}, adapter_config.json says ${rank}`);
    if (B.cols !== rank) throw wrong(`${key}.lora_B.weight has rank ${B.cols}, adapter_config.json says ${rank}`);
    if (magnitude && !config.dora) throw wrong(`${key} has a magnitude of DoRA, adapter_config.json says no use_dora`);
    if (!magnitude && config.dora) throw wrong(`${key} has no ${magnitudePart}, adapter_config.json says use_dora`);
    if (magnitude && magnitude.rows !== B.rows)
      throw wrong(`${key}.${magnitudePart} has ${magnitude.rows} numbers, lora_B ${B.rows} rows`);
    const scaling = scalingOf(config, module);
    modules.set(module, { A, B, scaling, ...(magnitude && { magnitude: magnitude.data }) });
  }
  return { name, config, modules };
}

/**
 * What is said of an adapter whose file has factors that its configuration does not select: PEFT would leave them out.
 * Undefined for all others; an expression that is not known here selects all.
 */
export function outsideTargets({ name, config, modules }: Adapter): string | undefined {
  const { targetModules: targets, excludeModules: excluded, layersToTransform } = config;
  const expression = (of: string[] | string | undefined) =>
    Array.isArray(of)
      ? (module: string) => isTargeted(of, module)
      : of === undefined
        ? undefined
        : targetExpression(of);
  const isTarget = targets === 'all-linear' ? undefined : expression(targets);
  const isExcluded = expression(excluded);
  // An empty list is none for PEFT.
  const blocks = layersToTransform === undefined ? [] : [layersToTransform].flat();
  const isInBlock = (module: string) =>
    blocks.length === 0 || blocks.includes(Number(/\.layers\.(\d+)\./.exec(`.${module}`)?.[1]));
  for (const [by, isLeftOut] of [
    ['target_modules does not name', (module: string) => isTarget?.(module) === false],
    ['exclude_modules names', (module: string) => isExcluded?.(module) === true],
    ['layers_to_transform does not name the blocks of', (module: string) => !isInBlock(module)],
  ] as const) {
    const outside = [...modules.keys()].filter(isLeftOut);
    if (outside.length === 0) continue;
    const shown = `${outside.slice(0, 3).join(', ')}${outside.length > 3 ? ', …' : ''}`;
    return `Adapter ${name}: the factors of ${outside.length} of ${modules.size} layers are used although ${by} them, where PEFT would leave them out: ${shown}. Correct the setting, or take them out of the file.`;
  }
  return undefined;
}

/** Whether an adapter has magnitudes: its ΔW then depends on the base's W. */
export function isDora({ modules }: Adapter): boolean {
  return [...modules.values()].some(({ magnitude }) => magnitude !== undefined);
}

/** What a row of W + s B A is multiplied with in DoRA; a row of zeros stays one. */
export function rowFactor(magnitude: number, norm: number): number {
  return norm === 0 ? 1 : magnitude / norm;
}

/**
 * The two files of a PEFT folder: adapter_config.json, and the tensors and metadata of adapter_model.safetensors.
 * Ranks and alphas are taken from the factors and their scalings, so that what is loaded is what was there.
 *
 * @throws WorkbenchError `badRequest` where factors of one module differ in rank, a scaling is 0 or not finite, or some
 *   modules alone have magnitudes; `runtime` for factors that are not finite
 */
export function adapterToPeft(adapter: Adapter): {
  configJson: string;
  tensors: TensorToWrite[];
  metadata: Record<string, string>;
} {
  const { rank, alpha, rslora } = adapter.config;
  const rankPattern: Record<string, number> = {};
  const alphaPattern: Record<string, number> = {};
  const tensors: TensorToWrite[] = [];
  const dora = isDora(adapter);
  for (const [module, { A, B, scaling, magnitude }] of adapter.modules) {
    if (dora && !magnitude)
      throw new WorkbenchError(
        'badRequest',
        `Adapter ${adapter.name}, ${module}: it has no magnitude, and others have`,
      );
    if (A.rows !== B.cols || !Number.isFinite(scaling) || scaling === 0) {
      const found = `ranks ${A.rows} and ${B.cols}, scaling ${scaling}`;
      throw new WorkbenchError('badRequest', `Adapter ${adapter.name}, ${module}: ${found} cannot be written`);
    }
    if (A.rows !== rank) rankPattern[module] = A.rows;
    const divisor = scalingDivisor({ rslora }, A.rows);
    if (alpha / divisor !== scaling) alphaPattern[module] = scaling * divisor;
    const write = (half: string, shape: number[], data: Float32Array, ending = '.weight') => {
      if (!allFinite(data))
        throw new WorkbenchError(
          'runtime',
          `Adapter ${adapter.name}: ${half} of ${module} holds values that are infinite or not numbers; nothing was written`,
          'If it was trained, the training has diverged: lower its learningRate, or take an earlier checkpoint.',
        );
      tensors.push({ name: `${keyPrefix}${module}.${half}${ending}`, dtype: 'F32', shape, data });
    };
    write('lora_A', [A.rows, A.cols], A.data);
    write('lora_B', [B.rows, B.cols], B.data);
    if (magnitude) write(magnitudePart, [magnitude.length], magnitude, '');
  }
  const targetModules = targetsFor([...adapter.modules.keys()], adapter.config.targetModules);
  const configJson = formatAdapterConfig({ ...adapter.config, dora, rankPattern, alphaPattern, targetModules });
  return { configJson, tensors, metadata: { format: 'pt' } };
}

/**
 * Checks that every module of the adapter is a layer of the base, of the same size.
 *
 * @param layers the base's linear layers by module path
 * @throws WorkbenchError `mismatch` naming the first key that does not fit, `unsupported` for factors on the embedding or
 *   the output layer
 */
export function checkAdapterFits(adapter: Adapter, layers: ReadonlyMap<string, { in: number; out: number }>): void {
  const wrong = (what: string) =>
    new WorkbenchError('mismatch', `Adapter ${adapter.name}: ${what}`, 'Was it trained for another base?');
  for (const [module, { A, B }] of adapter.modules) {
    const layer = layers.get(module);
    const key = `${keyPrefix}${module}`;
    if (!layer) throw noLayer(adapter, module, layers);
    if (A.rows !== B.cols) throw wrong(`${key}: lora_A has rank ${A.rows}, lora_B has rank ${B.cols}`);
    if (A.cols !== layer.in) {
      throw wrong(`${key}.lora_A.weight is [${A.rows}, ${A.cols}], the base's layer takes ${layer.in} inputs`);
    }
    if (B.rows !== layer.out) {
      throw wrong(`${key}.lora_B.weight is [${B.rows}, ${B.cols}], the base's layer gives ${layer.out} outputs`);
    }
  }
}

function noLayer({ name }: Adapter, module: string, layers: ReadonlyMap<string, unknown>): WorkbenchError {
  const adapts = `Adapter ${name}: ${keyPrefix}${module}.lora_A.weight adapts ${module}`;
  const special = /(^|\.)(lm_head|embed_tokens)$/.exec(module)?.[2];
  if (special) {
    const what = special === 'lm_head' ? 'the output layer' : 'the embedding';
    return new WorkbenchError(
      'unsupported',
      `${adapts}, ${what}; here the linear layers of blocks alone carry factors`,
      `Train it without ${special}, or merge it into its base with PEFT (merge_and_unload) and name the result as the base.`,
    );
  }
  const paths = [...layers.keys()];
  const count = new Set(paths.map(path => /\.layers\.(\d+)\./.exec(path)?.[1])).size;
  const names = [...new Set(paths.map(path => path.slice(path.lastIndexOf('.') + 1)))].join(', ');
  const has = `which the base does not have; it has ${count} blocks with ${names}`;
  return new WorkbenchError('mismatch', `${adapts}, ${has}`, 'Was it trained for another base?');
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

/**
 * The given targets where they cover all modules, otherwise the modules' last names where every layer has all of them,
 * otherwise full paths. PEFT adapts what target_modules selects and ignores tensors of modules it does not.
 */
function targetsFor(modules: string[], given: AdapterConfig['targetModules']): string[] | string {
  if (typeof given === 'string') return given;
  if (given && modules.every(module => isTargeted(given, module))) return given;
  const names = [...new Set(modules.map(module => module.slice(module.lastIndexOf('.') + 1)))].sort();
  const layerOf = (module: string) => /\.layers\.(\d+)\./.exec(module)?.[1];
  const layers = new Set(modules.map(layerOf));
  const isRegular = !layers.has(undefined) && modules.length === names.length * layers.size;
  return isRegular ? names : [...modules].sort();
}
