import { structureOf, twoRequestsOf } from './structure.ts';
import { functionWords, normalizeText, wordsOf } from './words.ts';

/** One feature of a prompt. */
export interface Feature {
  /** Human readable; its hash is the feature's bucket. */
  name: string;
  value: number;
}

/** A prompt as the classifier sees it: parallel arrays, one entry per distinct bucket. */
export interface FeatureVector {
  buckets: Uint32Array;
  values: Float32Array;
}

/**
 * Characters of a prompt that are read: its first and its last half of this. What is asked stands at one of the two
 * ends, and reading stays well under a millisecond whatever is pasted between them.
 */
const maxCharacters = 4000;

/** The feature that every prompt has; it carries the classes' base rates and is no evidence. */
export const baseline = '[baseline]';

/**
 * Each group has unit length times its scale, so that a long word problem and a short question weigh the same.
 * Word parts are scaled down: they help with words never seen and must not outvote a whole word.
 *
 * Of two requests in one prompt each speaks under its own name ('explain the maths' is not 'write the maths'), and the
 * rest is scaled down: what decides firmly between experts would otherwise make one of them answer alone.
 */
const scales = {
  word: 1,
  pair: 0.8,
  frame: 0.8,
  part: 0.5,
  place: 0.4,
  request: 1.2,
  structure: 0.4,
  besideRequests: 0.2,
};

/** All features of a prompt, distinct by name. A prompt without letters or digits has none but the baseline. */
export function featuresOf(prompt: string): Feature[] {
  const text = normalizeText(shorten(prompt));
  const words = wordsOf(text).map(wordClass);
  const features: Feature[] = [{ name: baseline, value: 0.5 }];
  if (words.length === 0) return features;

  const requests = twoRequestsOf(text);
  const scale = requests ? scales.besideRequests : 1;
  const parts = new Set<string>();
  for (const word of new Set(words)) addParts(word, parts);
  addGroup(features, new Set(words), scale * scales.word);
  addGroup(features, pairsOf(words), scale * scales.pair);
  addGroup(features, framesOf(words), scale * scales.frame);
  addGroup(features, parts, scale * scales.part);
  for (const name of placesOf(text, words)) features.push({ name, value: scale * scales.place });
  if (requests) {
    const first = wordsOf(requests.first).slice(-12).map(wordClass);
    const second = wordsOf(requests.second).slice(0, 6).map(wordClass);
    addGroup(features, new Set(first.map(word => `asks '${word}'`)), scales.request);
    addGroup(features, new Set(second.map(word => `also asks '${word}'`)), scales.request);
  }
  for (const name of structureOf(prompt, text, words)) features.push({ name, value: scales.structure });
  return features;
}

/** Features hashed into `bucketCount` (a power of two) buckets; values that share a bucket add up. */
export function hashFeatures(features: Feature[], bucketCount: number, hashSeed: number): FeatureVector {
  const sums = new Map<number, number>();
  for (const { name, value } of features) {
    const bucket = hashName(name, hashSeed) & (bucketCount - 1);
    sums.set(bucket, (sums.get(bucket) ?? 0) + value);
  }
  return { buckets: Uint32Array.from(sums.keys()), values: Float32Array.from(sums.values()) };
}

/** FNV-1a over UTF-16 units with murmur3's finaliser, without which the low bits mix poorly. */
export function hashName(name: string, hashSeed: number): number {
  let hash = (0x811c9dc5 ^ hashSeed) >>> 0;
  for (let i = 0; i < name.length; i++) hash = Math.imul(hash ^ name.charCodeAt(i), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

function shorten(prompt: string): string {
  if (prompt.length <= maxCharacters) return prompt;
  return `${prompt.slice(0, maxCharacters / 2)} ${prompt.slice(-maxCharacters / 2)}`;
}

// Which number it is says nothing about the kind of the prompt; that it is a year may.
function wordClass(word: string): string {
  if (/^(1[0-9]|20)\d\d$/.test(word)) return '<year>';
  if (/^\p{N}/u.test(word)) return '<number>';
  return word.endsWith("'s") ? word.slice(0, -2) : word;
}

function pairsOf(words: string[]): Set<string> {
  const pairs = new Set<string>();
  for (let i = 1; i < words.length; i++) pairs.add(`${words[i - 1]} ${words[i]}`);
  return pairs;
}

/**
 * Two and three neighbours of the prompt with each run of content words left open: 'who _ the', 'the _ of', 'is called |'
 * (the bar is its beginning or end). They say how a prompt is built whatever it is about.
 */
function framesOf(words: string[]): Set<string> {
  const tokens = ['|'];
  for (const word of words) {
    const token = functionWords.has(word) || word.startsWith('<') ? word : '_';
    if (token !== '_' || tokens.at(-1) !== '_') tokens.push(token);
  }
  tokens.push('|');
  const frames = new Set<string>();
  for (const size of [2, 3]) {
    for (let start = 0; start + size <= tokens.length; start++) {
      const frame = tokens.slice(start, start + size);
      if (frame.some(token => token !== '_' && token !== '|')) frames.add(`form '${frame.join(' ')}'`);
    }
  }
  return frames;
}

/** Four and five letters of a longer word; the dots say on which side the word goes on. */
function addParts(word: string, parts: Set<string>): void {
  if (word.length < 5 || word.startsWith('<')) return;
  for (const size of [4, 5]) {
    for (let start = 0; start + size <= word.length; start++) {
      const before = start > 0 ? '…' : '';
      const after = start + size < word.length ? '…' : '';
      if (before || after) parts.add(before + word.slice(start, start + size) + after);
    }
  }
}

/** How the prompt begins, and how its last sentence begins: the place of a request or question. */
function placesOf(text: string, words: string[]): string[] {
  const names = [`starts with '${words[0]}'`];
  if (words.length > 1) names.push(`starts with '${words[0]} ${words[1]}'`);
  const sentences = text.split(/[.!?:]\s+|\n+/);
  for (let i = sentences.length - 1; i > 0; i--) {
    const last = wordsOf(sentences[i]!).map(wordClass);
    if (last.length < 2) continue;
    names.push(`ends asking '${last[0]}'`, `ends asking '${last[0]} ${last[1]}'`);
    break;
  }
  return names;
}

function addGroup(features: Feature[], names: Set<string>, scale: number): void {
  const value = scale / Math.sqrt(names.size);
  for (const name of names) features.push({ name, value });
}
