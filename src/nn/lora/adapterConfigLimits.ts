import { type Problem, WorkbenchError } from '../../protocol/errors.ts';

/** Settings with which ΔW is not scaling · B · A, or with which more than the linear layers changes. */
const mustBeOff: Record<string, string> = {
  use_dora: 'DoRA',
  use_qalora: 'QA-LoRA',
  use_bdlora: 'block-diagonal LoRA',
  lora_bias: 'a bias on B',
  fan_in_fan_out: 'transposed weights',
  modules_to_save: 'whole modules saved beside the factors',
  target_parameters: 'factors on single parameters',
  layer_replication: 'replicated layers',
  trainable_token_indices: 'trained token embeddings',
  alora_invocation_tokens: 'activated LoRA',
  arrow_config: 'Arrow routing',
  kasa_config: 'KaSA',
  monteclora_config: 'Monte Carlo LoRA',
  megatron_config: 'Megatron layers',
};

/**
 * Initialisations that leave the base as it is. The others (pissa, olora, corda, loftq, lora_ga) take the first factors
 * out of the base's weights, so that the saved factors fit only that altered base.
 */
const harmlessInits: unknown[] = [undefined, null, true, false, 'gaussian', 'eva', 'orthogonal'];

/** Read elsewhere, or without influence on what a finished adapter computes. */
const known = new Set([
  ...['r', 'lora_alpha', 'use_rslora', 'rank_pattern', 'alpha_pattern', 'target_modules', 'lora_dropout'],
  ...['base_model_name_or_path', 'task_type', 'peft_type', 'bias', 'init_lora_weights', 'auto_mapping', 'revision'],
  ...['inference_mode', 'peft_version', 'exclude_modules', 'layers_to_transform', 'layers_pattern', 'megatron_core'],
  ...['qalora_group_size', 'loftq_config', 'eva_config', 'corda_config', 'lora_ga_config', 'velora_config'],
  ...['runtime_config', 'ensure_weight_tying'],
]);

/**
 * Refuses what cannot be applied exactly.
 *
 * @returns a warning for each key that is set and not known
 * @throws WorkbenchError `unsupported`
 */
export function refuseInexact(raw: Record<string, unknown>, fileName: string): Problem[] {
  const refuse = (key: string, why: string) =>
    new WorkbenchError(
      'unsupported',
      `${fileName}: ${key} = ${JSON.stringify(raw[key])?.slice(0, 100)} (${why}) cannot be applied exactly`,
      'Train or export the adapter as plain LoRA.',
    );
  if (String(raw.peft_type ?? 'LORA').toUpperCase() !== 'LORA') throw refuse('peft_type', 'not LoRA');
  if ((raw.bias ?? 'none') !== 'none') throw refuse('bias', 'trained biases');
  for (const [key, why] of Object.entries(mustBeOff)) if (!isOff(raw[key])) throw refuse(key, why);
  if (!harmlessInits.includes(raw.init_lora_weights)) {
    throw refuse('init_lora_weights', 'an initialisation that alters the base');
  }
  return Object.keys(raw)
    .filter(key => !known.has(key) && !Object.hasOwn(mustBeOff, key) && !isOff(raw[key]))
    .map(key => ({
      code: 'unknownKey',
      severity: 'warning',
      where: key,
      message: `${fileName}: the setting ${key} is not known and has no effect`,
    }));
}

function isOff(value: unknown): boolean {
  if (value === undefined || value === null || value === false) return true;
  return typeof value === 'object' && Object.keys(value).length === 0;
}
