import { firstParts, outerNames, wholePath } from '../model/layout.ts';

/*
 * Keys of an adapter's tensors. PEFT saves `base_model.model.PATH.lora_A.weight`; frameworks that wrap the model before it is
 * saved leave their wrappers' names in the keys, a training's own checkpoint the adapter's name too.
 */

/** What a tensor of an adapter is, and of what of the base. */
export type AdapterKey = FactorKey | WholeKey;

interface FactorKey {
  /** Module path, for example `model.layers.0.self_attn.q_proj`. */
  module: string;
  part: FactorPart;
  /** The embedding's factors lie the other way around: its A is the B of a linear layer, transposed. */
  isTransposed?: boolean;
  /** The adapter's name, where the key has it. */
  adapter?: string;
}

/** `A`, `B`: factors of a linear layer, [rank, in] and [out, rank]; `magnitude`: of DoRA, [out]. */
export type FactorPart = 'A' | 'B' | 'magnitude';

export interface WholeKey {
  /** Name of a tensor of the base. */
  module: string;
  /** `own`: trained whole; `rows`: some of its rows; `copy`: the base's own, which PEFT writes beside factors of the embedding. */
  part: 'own' | 'rows' | 'copy';
  adapter?: string;
}

export function isWholeKey(key: AdapterKey): key is WholeKey {
  return key.part === 'own' || key.part === 'rows' || key.part === 'copy';
}

type Part = { part: FactorPart; isTransposed?: true } | { part: WholeKey['part']; tensor: string };

/** What stands behind the module's path; the first group is the adapter's name. */
const parts: [RegExp, Part][] = [
  [/\.lora_A(?:\.([^.]+))?\.weight$/, { part: 'A' }],
  [/\.lora_B(?:\.([^.]+))?\.weight$/, { part: 'B' }],
  [/\.lora_magnitude_vector(?:\.(?!weight$)([^.]+))?(?:\.weight)?$/, { part: 'magnitude' }],
  [/\.lora_embedding_A(?:\.([^.]+))?$/, { part: 'B', isTransposed: true }],
  [/\.lora_embedding_B(?:\.([^.]+))?$/, { part: 'A', isTransposed: true }],
  [/\.token_adapter\.trainable_tokens_delta(?:\.([^.]+))?$/, { part: 'rows', tensor: '.weight' }],
  [/\.base_layer\.weight()$/, { part: 'copy', tensor: '.weight' }],
  [/(?:\.modules_to_save(?:\.([^.]+))?)?\.weight$/, { part: 'own', tensor: '.weight' }],
  [/(?:\.modules_to_save(?:\.([^.]+))?|\.base_layer)?\.bias$/, { part: 'own', tensor: '.bias' }],
];

/** What torch.compile, FSDP and activation checkpointing put around a module, wherever it stands. */
const wrappers = /(^|\.)(_orig_mod|_fsdp_wrapped_module|_checkpoint_wrapped_module)(?=\.)/g;

/** What is said of a key; undefined where it is no part of an adapter that is known here. */
export function parseAdapterKey(key: string): AdapterKey | undefined {
  const plain = key.replace(wrappers, '').replace(/^\./, '').replace(prefixes, '');
  if (isForeign(plain)) return undefined;
  for (const [pattern, part] of parts) {
    const match = pattern.exec(plain);
    if (!match || match.index === 0) continue;
    // An adapter of the decoder alone, without the output layer, has paths from there on.
    const module = wholePath(plain.slice(0, match.index));
    const adapter = match[1] || undefined;
    return 'tensor' in part ? { part: part.part, module: module + part.tensor, adapter } : { ...part, module, adapter };
  }
  return undefined;
}

/** Weights and biases of other kinds of adapters, and a module of the base that a training keeps beside its own copy. */
function isForeign(key: string): boolean {
  return /lora_(?![AB]\b|embedding_[AB]\b|magnitude_vector\b)|lora_[AB]\.(.*\.)?bias$|hada_|lokr_|ia3_|oft_|vera_|prompt|prefix|original_module/.test(
    key,
  );
}

/** PEFT's own prefix, none or several times, and what DistributedDataParallel and DeepSpeed put before it. */
const prefixes = new RegExp(
  `^(module\\.|base_model\\.model\\.(?=(module|base_model|layers|${[...firstParts, ...outerNames].join('|')})\\b))*`,
);
