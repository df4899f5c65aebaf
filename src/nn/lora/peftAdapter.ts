import { WorkbenchError } from '../../protocol/errors.ts';
import type { TensorToWrite } from '../files/safetensors.ts';
import { isEmbedding } from '../model/layout.ts';
import { allFinite } from '../tensor/allFinite.ts';
import type { FloatTensor, Matrix } from '../tensor/dtype.ts';
import { transposed } from '../tensor/transposed.ts';
import { type Adapter, isDora, type LoraFactors, type OwnTensor } from './adapter.ts';
import { type AdapterConfig, formatAdapterConfig, rankOf, scalingDivisor, scalingOf } from './adapterConfig.ts';
import { type FactorPart, isWholeKey, parseAdapterKey } from './adapterKeys.ts';
import { mlxToPeftTensors } from './mlxAdapter.ts';
import { isTargeted, targetExpression } from './modulePattern.ts';
import { foreignKey } from './otherAdapters.ts';

/** An adapter from PEFT's folder, and back. */

const keyPrefix = 'base_model.model.';
/** Without `.weight` at its end, as PEFT writes it. */
const magnitudePart = 'lora_magnitude_vector';

/** What a file holds of one module; a magnitude as a matrix of one column. */
type Parts = Partial<Record<FactorPart, Matrix>>;

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
  const checkValues = (key: string, { data }: FloatTensor) => {
    if (allFinite(data)) return;
    throw new WorkbenchError('badFile', `${where}: ${key} holds values that are not finite numbers`);
  };
  const found = new Map<string, Parts>();
  const own = new Map<string, OwnTensor>();
  if (tensors.size > maxTensors) throw wrong(`its file holds ${tensors.size} tensors; at most ${maxTensors} are read`);
  const adapters = new Set<string>();
  for (const [key, tensor] of mlxToPeftTensors(tensors)) {
    const place = parseAdapterKey(key);
    if (!place) {
      const { what, hint } = foreignKey(key);
      throw wrong(`the key ${key} is not a LoRA factor of a linear layer${what ? `; it is ${what}` : ''}`, hint);
    }
    if (key.length > maxKeyLength) throw wrong(`the key ${key.slice(0, 60)}… has more than ${maxKeyLength} characters`);
    if (isWholeKey(place)) {
      const rows = place.part === 'rows' ? trainedRows(config, place.module) : undefined;
      if (place.part === 'rows' && (tensor.shape.length !== 2 || rows?.length !== tensor.shape[0]))
        throw wrong(
          `${key} has the shape [${tensor.shape}], adapter_config.json names ${rows?.length ?? 0} tokens in trainable_token_indices`,
        );
      checkValues(key, tensor);
      if (place.adapter) adapters.add(place.adapter);
      if (own.has(place.module)) throw wrong(`${key} is there a second time, under another name`);
      own.set(place.module, { ...tensor, ...(rows && { rows }), ...(place.part === 'copy' && { isCopy: true }) });
      continue;
    }
    const [rows, cols = 1] = tensor.shape;
    const isVector = place.part === 'magnitude';
    if (tensor.shape.length !== (isVector ? 1 : 2) || !rows || !cols)
      throw wrong(`${key} has the shape [${tensor.shape}], expected a ${isVector ? 'vector' : 'matrix'}`);
    checkValues(key, tensor);
    if (place.adapter) adapters.add(place.adapter);
    const parts = found.get(place.module) ?? {};
    if (parts[place.part]) throw wrong(`${key} is there a second time, under another name`);
    const matrix = { rows, cols, data: tensor.data };
    parts[place.part] = place.isTransposed
      ? { rows: cols, cols: rows, data: transposed(tensor.data, rows, cols) }
      : matrix;
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
  for (const asked of config.modulesToSave ?? [])
    if (![...own].some(([name, { isCopy }]) => !isCopy && `.${name}`.includes(`.${asked}.`)))
      throw wrong(`adapter_config.json says modules_to_save '${asked}', of which its file holds nothing`);
  return { name, config, modules, ...(own.size > 0 && { own }) };
}

/** The tokens whose rows of a weight are trained, in the order of the file's rows. */
function trainedRows({ tokenIndices }: AdapterConfig, weight: string): number[] | undefined {
  const module = weight.replace(/\.weight$/, '');
  const name = Object.keys(tokenIndices ?? {}).find(key => module === key || module.endsWith(`.${key}`));
  return name === undefined ? undefined : tokenIndices![name];
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
    if (isEmbedding(module)) {
      // PEFT's embedding looks rows up in A, and so has both turned.
      write('lora_embedding_A', [B.cols, B.rows], transposed(B.data, B.rows, B.cols), '');
      write('lora_embedding_B', [A.cols, A.rows], transposed(A.data, A.rows, A.cols), '');
    } else {
      write('lora_A', [A.rows, A.cols], A.data);
      write('lora_B', [B.rows, B.cols], B.data);
    }
    if (magnitude) write(magnitudePart, [magnitude.length], magnitude, '');
  }
  for (const [name, { shape, data, rows, isCopy }] of adapter.own ?? []) {
    // The base has it.
    if (isCopy) continue;
    const [, module, kind] = /^(.*)\.(weight|bias)$/.exec(name)!;
    const inside = kind === 'bias' && adapter.modules.has(module!) ? '.base_layer.bias' : `.${kind}`;
    const ending = rows ? '.token_adapter.trainable_tokens_delta' : inside;
    tensors.push({ name: `${keyPrefix}${module}${ending}`, dtype: 'F32', shape, data });
  }
  const targetModules = targetsFor([...adapter.modules.keys()], adapter.config.targetModules);
  const configJson = formatAdapterConfig({ ...adapter.config, dora, rankPattern, alphaPattern, targetModules });
  return { configJson, tensors, metadata: { format: 'pt' } };
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
