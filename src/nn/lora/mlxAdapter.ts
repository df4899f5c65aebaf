import { WorkbenchError } from '../../protocol/errors.ts';
import { isEmbedding, wholePath } from '../model/layout.ts';
import type { FloatTensor } from '../tensor/dtype.ts';
import { transposed } from '../tensor/transposed.ts';

/*
 * Adapters of mlx_lm: adapters.safetensors with `lora_a` [in, rank] and `lora_b` [rank, out] of x + scale · (x lora_a) lora_b,
 * and in adapter_config.json `fine_tune_type` and `lora_parameters`; with DoRA `m` [out] too.
 */

/** Whether adapter_config.json is MLX's. */
export function isMlxConfig(raw: Record<string, unknown>): boolean {
  return 'fine_tune_type' in raw || 'lora_parameters' in raw;
}

/**
 * PEFT's settings that say the same: alpha is scale · rank, so that alpha / rank is the scale.
 *
 * @throws WorkbenchError `badFile` for wrong types, `unsupported` for what is no LoRA and where two versions of MLX scale
 *   differently
 */
export function mlxToPeftConfig(raw: Record<string, unknown>, fileName: string): Record<string, unknown> {
  const kind = raw.fine_tune_type ?? 'lora';
  if (kind !== 'lora' && kind !== 'dora')
    throw new WorkbenchError(
      'unsupported',
      `${fileName}: fine_tune_type = ${JSON.stringify(kind).slice(0, 100)} is not LoRA`,
      'Fuse it into its base (mlx_lm.fuse) and name the result as the base.',
    );
  const parameters = raw.lora_parameters ?? {};
  if (typeof parameters !== 'object' || Array.isArray(parameters))
    throw new WorkbenchError('badFile', `${fileName}: lora_parameters must be an object`);
  const { rank = 8, scale, alpha, dropout = 0 } = parameters as Record<string, unknown>;
  if (typeof scale !== 'number' || !Number.isFinite(scale) || scale === 0)
    throw new WorkbenchError('badFile', `${fileName}: lora_parameters.scale must be a number that is not 0`);
  if (alpha !== undefined && alpha !== rank)
    throw new WorkbenchError(
      'unsupported',
      `${fileName}: lora_parameters has alpha ${JSON.stringify(alpha).slice(0, 40)} beside scale ${scale}: mlx_lm of 2024 scaled by scale · alpha / rank, later ones by scale alone`,
      'Set scale to what the training used, and take alpha out of the file.',
    );
  return {
    peft_type: 'LORA',
    r: rank,
    lora_alpha: typeof rank === 'number' ? scale * rank : rank,
    lora_dropout: dropout,
    use_dora: kind === 'dora',
    base_model_name_or_path: raw.model ?? null,
  };
}

/** MLX's tensors under PEFT's names and in its layout; those of others are left as they are. */
export function mlxToPeftTensors(tensors: Map<string, FloatTensor>): Map<string, FloatTensor> {
  if (![...tensors.keys()].some(key => /\.lora_[ab]$/.test(key))) return tensors;
  const named = new Map<string, FloatTensor>();
  for (const [key, tensor] of tensors) {
    const [, path, half] = /^(.*)\.lora_([ab])$/.exec(key) ?? [];
    if (path === undefined || half === undefined) named.set(key.replace(/\.m$/, '.lora_magnitude_vector'), tensor);
    else {
      const part = half.toUpperCase();
      const name = isEmbedding(path) || isEmbedding(wholePath(path)) ? `lora_embedding_${part}` : `lora_${part}.weight`;
      named.set(`${path}.${name}`, turned(tensor));
    }
  }
  return named;
}

function turned({ shape, data }: FloatTensor): FloatTensor {
  // What is no matrix is refused under its name.
  if (shape.length !== 2) return { shape, data };
  const [rows, cols] = shape as [number, number];
  return { shape: [cols, rows], data: transposed(data, rows, cols) };
}
