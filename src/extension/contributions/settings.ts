/** Every setting, once; readings are typed by this table. */

import { type DeviceChoice, deviceChoices } from '../../protocol/device.ts';

export interface SettingContribution<T = unknown> {
  default: T;
  description: string;
  /** JSON schema of its value, without default and description. */
  schema: Record<string, unknown>;
  /** 'machine' for what no workspace may say; 'machine-overridable' for what belongs to this machine, 'window' to a workspace. */
  scope: 'window' | 'machine' | 'machine-overridable';
  /** A workspace that is not trusted cannot set it. */
  restricted?: boolean;
}

/** A number that overrides the recipe's where it is set. */
function override(schema: Record<string, unknown>, description: string): SettingContribution<number | null> {
  return { default: null, description, schema: { type: ['number', 'null'], ...schema }, scope: 'window' };
}

export const settings = {
  recipe: {
    default: '' as string,
    description:
      'The recipe whose experts answer: a path to a `.lora.json` file, absolute or relative to the first workspace folder. Without one, the recipe that was chosen last in this workspace, or the only one that is trained.',
    schema: { type: 'string' },
    scope: 'window',
    restricted: true,
  },
  base: {
    default: 'embedded' as string,
    description:
      'The base that answers where there is no recipe: `embedded`, a Hugging Face folder or a GGUF file (absolute or relative to the first workspace folder), `owner/name` of a downloaded model, or a model of Ollama, `ollama:name:tag`. A recipe names its own.',
    schema: { type: 'string', minLength: 1 },
    scope: 'machine-overridable',
    restricted: true,
  },
  device: {
    default: 'auto' as DeviceChoice,
    description:
      'What the engine computes on: `auto` for the fastest that works, or one of them. One that does not work here gives way to the CPU, and says so.',
    schema: { type: 'string', enum: deviceChoices },
    scope: 'machine-overridable',
    restricted: true,
  },
  modelFolder: {
    default: '' as string,
    description:
      'Where models of the Hugging Face hub are kept: the folder that `HF_HUB_CACHE` names. Without it, the standard Hugging Face cache.',
    schema: { type: 'string' },
    scope: 'machine-overridable',
    restricted: true,
  },
  'hub.endpoint': {
    default: '' as string,
    description:
      'The address that models are downloaded from: a mirror of the Hugging Face hub. Without it `HF_ENDPOINT`, else `https://huggingface.co`. A token is kept for each address and sent to no other.',
    schema: { type: 'string' },
    scope: 'machine',
    restricted: true,
  },
  'hub.proxy': {
    default: '' as string,
    description:
      'The proxy for downloads, such as `http://proxy.example:8080`. Without it `#http.proxy#`, else `HTTPS_PROXY`.',
    schema: { type: 'string' },
    scope: 'machine',
    restricted: true,
  },
  cacheFolder: {
    default: '' as string,
    description:
      'Where the engine keeps what it found out about the devices of this machine. Without it, the user’s cache folder.',
    schema: { type: 'string' },
    scope: 'machine-overridable',
    restricted: true,
  },
  threads: {
    default: 0 as number,
    description: 'Threads that the engine computes with; 0 for as many as there are physical cores.',
    schema: { type: 'integer', minimum: 0, maximum: 256 },
    scope: 'machine-overridable',
    restricted: true,
  },
  memoryLimit: {
    default: 0 as number,
    description:
      'Memory that the engine may take for training, in GB; 0 for what the machine has free. A training that needs more computes activations again, and is refused where that is not enough.',
    schema: { type: 'number', minimum: 0 },
    scope: 'machine-overridable',
    restricted: true,
  },
  'decoding.temperature': override(
    { minimum: 0, maximum: 10 },
    "0 takes the most probable token; higher values sample more freely. Overrides the recipe's.",
  ),
  'decoding.topK': override(
    { type: ['integer', 'null'], minimum: 0 },
    "Sample among the k most probable tokens; 0 for all. Overrides the recipe's.",
  ),
  'decoding.topP': override(
    { exclusiveMinimum: 0, maximum: 1 },
    "Sample among the smallest set of tokens of this total probability. Overrides the recipe's.",
  ),
  'decoding.repetitionPenalty': override(
    { exclusiveMinimum: 0 },
    "Divides the scores of tokens that were there already. Overrides the recipe's.",
  ),
  'decoding.seed': override({ type: ['integer', 'null'], minimum: 0 }, "Seed of the sampling. Overrides the recipe's."),
  'decoding.maxTokens': override(
    { type: ['integer', 'null'], minimum: 1 },
    "Longest answer, in tokens. Overrides the recipe's.",
  ),
  'decoding.thinking': {
    default: null as boolean | null,
    description:
      "Whether the model reasons before it answers, where its chat template knows of it. Overrides the recipe's.",
    schema: { type: ['boolean', 'null'] },
    scope: 'window',
  },
  'training.rank': override(
    { type: ['integer', 'null'], minimum: 1, maximum: 1024 },
    'Rank of new experts: written into the recipes that **Train an Expert on This File…** makes.',
  ),
  'training.steps': override(
    { type: ['integer', 'null'], minimum: 1 },
    'Optimiser steps of new experts: written into the recipes that **Train an Expert on This File…** makes.',
  ),
  'training.batchSize': override(
    { type: ['integer', 'null'], minimum: 1, maximum: 512 },
    'Examples in a step of new experts: written into the recipes that **Train an Expert on This File…** makes.',
  ),
  'training.learningRate': override(
    { exclusiveMinimum: 0, maximum: 1 },
    'Peak learning rate of new experts: written into the recipes that **Train an Expert on This File…** makes.',
  ),
  'routing.default': {
    default: 'auto' as string,
    description:
      'Who answers until something else is chosen in the workspace: `auto` for the router, `base`, `expert:NAME`, `blend:NAME` or `merge:NAME`.',
    schema: { type: 'string', pattern: '^(auto|base|(expert|blend|merge):.+)$' },
    scope: 'window',
  },
  'routing.evidence': {
    default: 4 as number,
    description: 'How many pieces of evidence for a route are named above an answer; all of them are in its reference.',
    schema: { type: 'integer', minimum: 0, maximum: 20 },
    scope: 'window',
  },
  'inlineCompletions.enabled': {
    default: false as boolean,
    description:
      'Suggest code while typing: from the code expert of the active recipe, or the base itself where it can fill gaps.',
    schema: { type: 'boolean' },
    scope: 'window',
    restricted: true,
  },
  'inlineCompletions.delay': {
    default: 150 as number,
    description: 'Milliseconds without typing before a suggestion is asked for.',
    schema: { type: 'integer', minimum: 0, maximum: 5000 },
    scope: 'window',
  },
  'inlineCompletions.maxTokens': {
    default: 48 as number,
    description: 'Longest suggestion, in tokens.',
    schema: { type: 'integer', minimum: 1, maximum: 1024 },
    scope: 'window',
  },
  'recipes.computedValues': {
    default: false as boolean,
    description:
      'Show in recipes what experts and blends come to: parameters, scaling, steps and time behind each expert, gates behind each blend.',
    schema: { type: 'boolean' },
    scope: 'window',
  },
  'server.port': {
    default: 0 as number,
    description: 'The port of **Start Server**, on this machine alone; 0 for any that is free.',
    schema: { type: 'integer', minimum: 0, maximum: 65_535 },
    scope: 'machine-overridable',
    restricted: true,
  },
  'feedback.collect': {
    default: false as boolean,
    description:
      'Keep the questions and answers of `@experts` that you rate, in `.multi-lora/feedback.jsonl` of the workspace, as data for later training. Nothing leaves this machine.',
    schema: { type: 'boolean' },
    scope: 'window',
    restricted: true,
  },
} satisfies Record<string, SettingContribution>;

/** The settings' headings, each with its settings: by name, or by what their names begin with up to a full stop. */
export const settingGroups = [
  { title: 'Who Answers', begins: ['recipe', 'base', 'routing.'] },
  { title: 'Answers', begins: ['decoding.'] },
  { title: 'Training', begins: ['training.', 'recipes.'] },
  { title: 'Suggestions', begins: ['inlineCompletions.'] },
  { title: 'Machine', begins: ['device', 'threads', 'memoryLimit', 'modelFolder', 'cacheFolder'] },
  { title: 'Downloads', begins: ['hub.'] },
  { title: 'Server and Feedback', begins: ['server.', 'feedback.'] },
] as const;

export type SettingId = keyof typeof settings;
export type SettingValue<K extends SettingId> = (typeof settings)[K]['default'];
