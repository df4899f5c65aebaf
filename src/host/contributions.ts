/**
 * Every command and setting, once. package.json's part is generated from these tables (`npm run manifest`), handlers and
 * readings of settings are typed by them.
 */

import { type DeviceChoice, deviceChoices } from '../shared/device.ts';

export interface CommandContribution {
  title: string;
  /** A codicon. */
  icon?: string;
  /** Where the palette offers it: everywhere without it; 'false' for nowhere. */
  palette?: string;
  /** A shortcut and when it applies. */
  key?: { key: string; mac: string; when?: string };
  /** Where else it is offered. */
  menus?: { menu: 'editor/context'; when: string; group: string }[];
}

export const commands = {
  'multiLora.ask': {
    title: 'Ask the Experts…',
    icon: 'comment-discussion',
    key: { key: 'ctrl+alt+a', mac: 'cmd+alt+a', when: 'editorTextFocus' },
    palette: 'editorIsOpen',
    menus: [{ menu: 'editor/context', when: 'editorIsOpen', group: '1_multiLora@1' }],
  },
  'multiLora.explain': {
    title: 'Explain the Selection',
    palette: 'editorHasSelection',
    menus: [{ menu: 'editor/context', when: 'editorHasSelection', group: '1_multiLora@2' }],
  },
  'multiLora.document': {
    title: 'Document the Selection',
    palette: 'editorHasSelection',
    menus: [{ menu: 'editor/context', when: 'editorHasSelection', group: '1_multiLora@3' }],
  },
  'multiLora.writeTests': {
    title: 'Write Tests for the Selection',
    palette: 'editorHasSelection',
    menus: [{ menu: 'editor/context', when: 'editorHasSelection', group: '1_multiLora@4' }],
  },
  'multiLora.answer.insert': {
    title: 'Insert the Answer',
    icon: 'insert',
    palette: 'multiLora.hasAnswer',
  },
  'multiLora.answer.replace': {
    title: 'Replace the Selection with the Answer…',
    icon: 'replace',
    palette: 'multiLora.hasAnswer',
  },
  'multiLora.answer.copy': {
    title: 'Copy the Answer',
    icon: 'copy',
    palette: 'multiLora.hasAnswer',
  },
  'multiLora.answer.openAsFile': {
    title: 'Open the Answer as a New File',
    icon: 'new-file',
    palette: 'multiLora.hasAnswer',
  },
  'multiLora.openChat': { title: 'Chat with the Experts', icon: 'comment-discussion' },
  'multiLora.switchExperts': {
    title: 'Switch or Blend Experts…',
    icon: 'arrow-swap',
    key: { key: 'ctrl+alt+e', mac: 'cmd+alt+e' },
  },
  'multiLora.selectRecipe': { title: 'Select Recipe…' },
  'multiLora.rateAnswer': { title: 'Rate an Answer', palette: 'false' },
  'multiLora.openFeedback': { title: 'Open Collected Feedback' },
  'multiLora.deleteFeedback': { title: 'Delete Collected Feedback…' },
  'multiLora.restartEngine': { title: 'Restart Engine' },
  'multiLora.showLog': { title: 'Show Log' },
} as const satisfies Record<string, CommandContribution>;

export type CommandId = keyof typeof commands;

export interface SettingContribution<T = unknown> {
  default: T;
  description: string;
  /** JSON schema of its value, without default and description. */
  schema: Record<string, unknown>;
  /** 'machine-overridable' for what belongs to this machine, 'window' for what belongs to a workspace. */
  scope: 'window' | 'machine-overridable';
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
      'The base that answers where there is no recipe: `embedded`, a Hugging Face folder (absolute or relative to the first workspace folder), or `owner/name` of a downloaded model. A recipe names its own.',
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
    description: 'Suggest code while typing, from the code expert of the active recipe.',
    schema: { type: 'boolean' },
    scope: 'window',
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
  'feedback.collect': {
    default: false as boolean,
    description:
      'Keep the questions and answers of `@experts` that you rate, in `.multi-lora/feedback.jsonl` of the workspace, as data for later training. Nothing leaves this machine.',
    schema: { type: 'boolean' },
    scope: 'window',
  },
} satisfies Record<string, SettingContribution>;

export type SettingId = keyof typeof settings;
export type SettingValue<K extends SettingId> = (typeof settings)[K]['default'];

/** `@experts` and its slash commands. */
export const chatParticipant = {
  id: 'multiLora.experts',
  name: 'experts',
  fullName: 'Experts',
  description: 'Your LoRA experts on one base: each prompt goes to the right one.',
  isSticky: true,
  commands: [
    { name: 'math', description: 'Ask the math expert' },
    { name: 'code', description: 'Ask the code expert' },
    { name: 'qa', description: 'Ask the expert for questions about a text' },
    { name: 'blend', description: 'Ask a blend: its name or math=0.5,code=0.5, then the prompt' },
    { name: 'review', description: 'Review the selected or attached code' },
    { name: 'explain', description: 'Explain the selected or attached code' },
  ],
} as const;

export type ChatCommand = (typeof chatParticipant.commands)[number]['name'];

export const modelVendor = { vendor: 'multi-lora', displayName: 'Multi-LoRA Experts' } as const;
