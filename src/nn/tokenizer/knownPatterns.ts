type Json = Record<string, unknown>;

/** Llama 3 */
export const llama3Pattern =
  "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";
/** Qwen2 */
export const qwen2Pattern =
  "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";
/** Mistral's Tekken */
export const tekkenPattern =
  '[^\\r\\n\\p{L}\\p{N}]?[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]*[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]+|[^\\r\\n\\p{L}\\p{N}]?[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]+[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]*|\\p{N}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+';
/** GPT-4o, and Llama 4 */
export const gpt4oPattern =
  "[^\\r\\n\\p{L}\\p{N}]?[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]*[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?|[^\\r\\n\\p{L}\\p{N}]?[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]+[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";
/** DeepSeek V3, one after the other */
export const deepSeekSteps = [
  '\\p{N}{1,3}',
  '[一-龥\u3040-ゟ゠-ヿ]+',
  '[!"#$%&\'()*+,\\-./:;<=>?@\\[\\\\\\]^_`{|}~][A-Za-z]+|[^\r\n\\p{L}\\p{P}\\p{S}]?[\\p{L}\\p{M}]+| ?[\\p{P}\\p{S}]+[\r\n]*|\\s*[\r\n]+|\\s+(?!\\S)|\\s+',
];
/** DeepSeek Coder, one after the other */
export const deepSeekCoderSteps = ['[\r\n]', '\\s?\\p{L}+', '\\s?\\p{P}+', '[一-龥ࠀ-一가-\u{d7ff}]+'];
const falcon3Digits = '[0-9][0-9][0-9]';

/**
 * The regular expressions of models that are in use, by the model that had them first. None of them goes back over a
 * text more than once, so that a text takes time in proportion to its length.
 */
const known = new Set([
  llama3Pattern,
  qwen2Pattern,
  tekkenPattern,
  gpt4oPattern,
  ...deepSeekSteps,
  ...deepSeekCoderSteps,
  falcon3Digits,
]);

/** In characters: a longer one could take its own length at each place of a text. */
const longestPlain = 100;
const longestAddedToken = 200;

/**
 * Whether a tokenizer.json encodes a text in time that is known beforehand: by byte pairs, with regular expressions of
 * known models and short texts alone. What another one does has to run where it can be ended.
 */
export function hasKnownTime(json: Json): boolean {
  const { model, added_tokens: added } = json;
  if ((model as Json | null)?.type !== 'BPE') return false;
  if (((added ?? []) as (Json | null)[]).some(t => String(t?.content).length > longestAddedToken)) return false;
  const open: unknown[] = [json.normalizer, json.pre_tokenizer, json.decoder];
  while (open.length > 0) {
    const each = open.pop();
    if (typeof each !== 'object' || each === null) continue;
    const { Regex, String: plain } = each as Json;
    if (Regex !== undefined && !known.has(Regex as string)) return false;
    if (typeof plain === 'string' && plain.length > longestPlain) return false;
    open.push(...Object.values(each));
  }
  return true;
}
