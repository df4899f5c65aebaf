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

/** `A`, `B`: factors of a linear layer, [rank, in] and [out, rank]. */
export type AdapterPart = 'A' | 'B';

const parts: Record<string, AdapterPart> = { lora_A: 'A', lora_B: 'B' };

/** What torch.compile, FSDP and activation checkpointing put around a module, wherever it stands. */
const wrappers = /(^|\.)(_orig_mod|_fsdp_wrapped_module|_checkpoint_wrapped_module)(?=\.)/g;

/** What is said of a key; undefined where it is no part of an adapter that is known here. */
export function parseAdapterKey(key: string): AdapterKey | undefined {
  const plain = key.replace(wrappers, '').replace(/^\./, '').replace(prefixes, '');
  const match = /^(.+)\.(lora_[AB])(?:\.([^.]+))?\.weight$/.exec(plain);
  if (!match) return undefined;
  const [, module, part, adapter] = match;
  return { module: modulePath(module!), part: parts[part!]!, adapter };
}

/** PEFT's own prefix, none or several times, and what DistributedDataParallel and DeepSpeed put before it. */
const prefixes = /^(module\.|base_model\.model\.(?=(module|base_model|model|layers|lm_head|embed_tokens)\b))*/;

/** An adapter of the decoder alone, without the output layer, has paths from there on. */
function modulePath(path: string): string {
  return /^(layers\.\d+\.|embed_tokens$)/.test(path) ? `model.${path}` : path;
}
