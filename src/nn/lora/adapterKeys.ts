/*
 * Keys of an adapter's tensors. PEFT saves `base_model.model.PATH.lora_A.weight`; frameworks that wrap the model before it is
 * saved leave their wrappers' names in the keys, a training's own checkpoint the adapter's name too.
 */

/** What a tensor of an adapter is, and of which module of the base. */
export interface AdapterKey {
  /** Module path, for example `model.layers.0.self_attn.q_proj`. */
  module: string;
  part: AdapterPart;
  /** The adapter's name, where the key has it. */
  adapter?: string;
}

/** `A`, `B`: factors of a linear layer, [rank, in] and [out, rank]; `magnitude`: of DoRA, [out]. */
export type AdapterPart = 'A' | 'B' | 'magnitude';

/** What stands behind the module's path; the first group is the adapter's name. */
const parts: [RegExp, AdapterPart][] = [
  [/\.lora_A(?:\.([^.]+))?\.weight$/, 'A'],
  [/\.lora_B(?:\.([^.]+))?\.weight$/, 'B'],
  [/\.lora_magnitude_vector(?:\.(?!weight$)([^.]+))?(?:\.weight)?$/, 'magnitude'],
];

/** What torch.compile, FSDP and activation checkpointing put around a module, wherever it stands. */
const wrappers = /(^|\.)(_orig_mod|_fsdp_wrapped_module|_checkpoint_wrapped_module)(?=\.)/g;

/** What is said of a key; undefined where it is no part of an adapter that is known here. */
export function parseAdapterKey(key: string): AdapterKey | undefined {
  const plain = key.replace(wrappers, '').replace(/^\./, '').replace(prefixes, '');
  for (const [pattern, part] of parts) {
    const match = pattern.exec(plain);
    if (match && match.index > 0) return { module: modulePath(plain.slice(0, match.index)), part, adapter: match[1] };
  }
  return undefined;
}

/** PEFT's own prefix, none or several times, and what DistributedDataParallel and DeepSpeed put before it. */
const prefixes = /^(module\.|base_model\.model\.(?=(module|base_model|model|layers|lm_head|embed_tokens)\b))*/;

/** An adapter of the decoder alone, without the output layer, has paths from there on. */
function modulePath(path: string): string {
  return /^(layers\.\d+\.|embed_tokens$)/.test(path) ? `model.${path}` : path;
}
