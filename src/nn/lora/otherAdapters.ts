/*
 * Adapters of other kinds, by what they say of themselves: whoever has one is told what it is, and not that a key of it is
 * strange.
 */

/** What to do with an adapter that is more, or other, than plain LoRA. */
export const useMerged =
  'Train it as plain LoRA, or merge it into its base with PEFT (merge_and_unload) and name the result as the base.';

/** Kinds of PEFT's `peft_type`, as their papers call them. */
const peftTypes: Record<string, string> = {
  ADALORA: 'AdaLoRA',
  ADAPTION_PROMPT: 'LLaMA-Adapter',
  BOFT: 'BOFT',
  IA3: '(IA)³',
  LN_TUNING: 'trained norms',
  LOHA: 'LoHa',
  LOKR: 'LoKr',
  MULTITASK_PROMPT_TUNING: 'prompt tuning',
  OFT: 'OFT',
  P_TUNING: 'P-tuning',
  PREFIX_TUNING: 'prefix tuning',
  PROMPT_TUNING: 'prompt tuning',
  VERA: 'VeRA',
  XLORA: 'X-LoRA',
};

/** `(IA)³, not LoRA`. */
export function peftTypeText(type: string): string {
  const kind = Object.hasOwn(peftTypes, type) ? `${peftTypes[type]}, ` : '';
  return `${kind}not LoRA`;
}

/** Keys of tensors that are no factors of a linear layer: what they are, and what to do where that is another thing. */
const keys: [RegExp, what: string, hint?: string][] = [
  [/lora_[AB]\..*bias$/, 'a bias on B'],
  [/original_module/, "the base's own module, as a training keeps it", "Save the adapter with PEFT's save_pretrained."],
  [/hada_/, 'of LoHa'],
  [/lokr_/, 'of LoKr'],
  [/ia3_l/, 'of (IA)³'],
  [/lora_E$|ranknum/, 'of AdaLoRA'],
  [/vera_(lambda|A|B)/, 'of VeRA'],
  [/oft_/, 'of OFT'],
  [/prompt_embeddings|prefix|prompt_encoder/, 'a trained prompt'],
  [/lora_(unet|te|up|down)/, 'of an adapter for images', 'Take an adapter of a language model.'],
];

/** What a tensor is that is not a factor of a linear layer, where its key tells. */
export function foreignKey(key: string): { what?: string; hint: string } {
  const [, what, hint = useMerged] = keys.find(([pattern]) => pattern.test(key)) ?? [];
  return what === undefined ? { hint: 'Only plain LoRA adapters can be used.' } : { what, hint };
}

const fromGguf = 'Take the PEFT folder that it was made of.';

/** Files that lie where PEFT's adapter_model.safetensors is looked for. */
const files: [RegExp, what: string, hint: string][] = [
  [
    /^adapters\.npz$/,
    'the factors of an MLX adapter from before safetensors',
    'Train it anew with mlx_lm, or fuse it into its base (mlx_lm.fuse) and name the result as the base.',
  ],
  [
    /^adapter_model.*(index\.json|-of-\d+\.safetensors)$/,
    'an adapter in several files',
    'Save it in one: model.save_pretrained(FOLDER, max_shard_size="100GB").',
  ],
  [/^pytorch_lora_weights\./, 'an adapter for images', 'Take an adapter of a language model.'],
  [/\.gguf$/, 'a file of llama.cpp', fromGguf],
  [
    /^(pytorch_)?model.*\.(safetensors|bin)(\.index\.json)?$/,
    'a whole model, no adapter',
    'Name its folder as the base.',
  ],
  [
    /^(adapter_model\.(safetensors|bin)|adapters\.safetensors)$/,
    'the factors without their configuration, which says how they are scaled',
    'Copy adapter_config.json from where they come from, or save the adapter again with PEFT.',
  ],
  [
    /\.safetensors$/,
    'a file that PEFT does not name so',
    'An adapter is a folder with adapter_config.json and adapter_model.safetensors, as PEFT saves it.',
  ],
  [
    /\.(bin|pt|pth|ckpt|npz|h5|msgpack)$/,
    'no safetensors file',
    'Load it where it was made, and save it with PEFT: model.save_pretrained(FOLDER, safe_serialization=True).',
  ],
];

/** The first file of a folder that has an adapter, or a model, in another format. */
export function foreignFile(names: readonly string[]): { name: string; what: string; hint: string } | undefined {
  for (const [pattern, what, hint] of files) {
    const name = names.find(n => pattern.test(n));
    if (name !== undefined) return { name, what, hint };
  }
  return undefined;
}

/** What a file is that is called safetensors and begins otherwise; undefined where its beginning tells nothing. */
export function foreignBeginning(start: string): { what: string; hint: string } | undefined {
  if (start.startsWith('version https://git-lfs'))
    return { what: 'a pointer of Git LFS, not the file itself', hint: 'Fetch it with: git lfs pull' };
  // A length of 640 begins as a pickle does, and goes on with zeros.
  const isPickle = start.startsWith('\u0080\u0002') && !start.startsWith('\u0080\u0002\0');
  if (start.startsWith('PK\u0003\u0004') || isPickle)
    return {
      what: 'a PyTorch file under another name',
      hint: 'Name it adapter_model.bin, as PyTorch and PEFT call it.',
    };
  if (start.startsWith('GGUF')) return { what: 'a file of llama.cpp under another name', hint: fromGguf };
  if (/^\s*<(!doctype|html|\?xml)/i.test(start))
    return { what: 'a web page, not the file itself', hint: 'Download the file again.' };
  return undefined;
}
