import {
  Disposable,
  EventEmitter,
  type LanguageModelChatInformation,
  type LanguageModelChatProvider,
  LanguageModelChatToolMode,
  type LanguageModelResponsePart,
  LanguageModelTextPart,
  LanguageModelToolCallPart,
  lm,
} from 'vscode';
import type { CompleteProgress } from '../../protocol/engine/completing.ts';
import { WorkbenchError } from '../../protocol/errors.ts';
import type { Target } from '../../protocol/target.ts';
import { parseTarget, targetId, targetLabel, weightsText } from '../../text/target.ts';
import type { Experts } from '../ask/experts.ts';
import { offeredTargets } from '../ask/offered.ts';
import { modelVendor } from '../contributions/chat.ts';
import type { ActiveRecipe, Offer } from '../recipe/activeRecipe.ts';
import { withSignal } from '../services/cancellation.ts';
import { errorText } from '../services/messages.ts';
import { onSettingChange, readSetting } from '../services/settings.ts';
import { conversationOf, toolSchemas } from './chatMessages.ts';
import { thinkingPart, usagePart } from './newerParts.ts';

/** The experts as models that chat and any extension can use: Auto, the base, each expert, each blend. */
export function registerModels(experts: Experts, recipe: ActiveRecipe): Disposable {
  const changed = new EventEmitter<void>();
  const listeners = [
    recipe.onDidChange(() => changed.fire()),
    // How much of the window an answer takes.
    onSettingChange(['decoding.maxTokens'], () => changed.fire()),
  ];
  const provider: LanguageModelChatProvider = {
    onDidChangeLanguageModelChatInformation: changed.event,

    async provideLanguageModelChatInformation() {
      const offer = await experts.offer();
      return offeredTargets(offer.described).map(choice => information(choice, offer));
    },

    async provideLanguageModelChatResponse(model, given, { modelOptions, tools = [], toolMode }, progress, token) {
      const messages = conversationOf(given);
      const last = messages.at(-1)?.role;
      if (last !== 'user' && last !== 'tool')
        throw new Error('The last message has to be the user’s, or what a tool gave back.');
      const offer = await experts.offer();
      const schemas = toolSchemas(tools);
      const question = {
        target: targetOf(model.id),
        input: { kind: 'chat' as const, messages, ...(schemas.length > 0 && { tools: schemas }) },
        settings: optionsOf(modelOptions),
        ...(schemas.length > 0 &&
          toolMode === LanguageModelChatToolMode.Required && { format: { kind: 'call' as const, several: true } }),
      };
      const report = (part: LanguageModelResponsePart | undefined) => part && progress.report(part);
      await withSignal(token, signal =>
        experts.complete(offer, question, { signal, onProgress: told => report(partOf(told)) }),
      ).then(
        result => report(usagePart(result)),
        error => {
          // The caller sees the message alone: what to do belongs into it.
          throw error instanceof WorkbenchError ? new Error(errorText(error)) : error;
        },
      );
    },

    async provideTokenCount(_model, text) {
      if (typeof text === 'string') return (await experts.countTokens({ texts: [text] })).texts[0]!;
      const turns = conversationOf([text]);
      const [turn] = turns;
      // What the chat template puts around a message takes room in the window too.
      if (turns.length === 1 && turn!.role === 'user')
        return (await experts.countTokens({ conversation: [{ role: 'user', content: turn!.content }] })).conversation;
      const texts = turns.map(({ content, toolCalls }) => content + (toolCalls ? JSON.stringify(toolCalls) : ''));
      return (await experts.countTokens({ texts })).texts.reduce((sum, tokens) => sum + tokens, 0);
    },
  };
  return Disposable.from(changed, ...listeners, lm.registerLanguageModelChatProvider(modelVendor.vendor, provider));
}

/** The choice that a model of ours stands for. */
export function targetOf(modelId: string): Target {
  const choice = parseTarget(modelId);
  if (!choice) throw new WorkbenchError('notFound', `there is no model '${modelId}'`);
  return choice;
}

/** As the editor shows a model; 1.120 shows those alone that say so. */
type Information = LanguageModelChatInformation & { isUserSelectable: boolean };

function information(choice: Target, { described, nothingTrained }: Offer): Information {
  const { contextLength, architecture, callsTools } = described.base;
  const maxOutputTokens = Math.min(readSetting('decoding.maxTokens') ?? described.maxTokens, contextLength - 1);
  return {
    id: targetId(choice),
    name: modelName(choice),
    family: architecture,
    version: described.name,
    detail: described.name === 'base' ? 'no trained experts' : described.name,
    tooltip: choice.kind === 'base' && nothingTrained ? nothingTrained : tooltip(choice, described),
    maxInputTokens: contextLength - maxOutputTokens,
    maxOutputTokens,
    capabilities: { toolCalling: callsTools, imageInput: false },
    isUserSelectable: true,
  };
}

function modelName(choice: Target): string {
  if (choice.kind === 'blend') return `Blend: ${choice.name}`;
  if (choice.kind === 'merge') return `Merge: ${choice.name}`;
  return choice.kind === 'expert' ? `Expert: ${choice.name}` : targetLabel(choice);
}

function tooltip(choice: Target, { experts, blends }: Offer['described']): string {
  switch (choice.kind) {
    case 'auto':
      return `The router chooses among ${experts.map(e => e.name).join(', ')} for each prompt.`;
    case 'expert': {
      const expert = experts.find(e => e.name === choice.name);
      return expert?.description ?? `The expert for ${expert?.domain}.`;
    }
    case 'blend':
      return weightsText(blends.find(b => b.name === choice.name)?.weights ?? {});
    case 'merge':
      return 'A permanent combination of experts.';
    default:
      return 'The base alone, without an expert.';
  }
}

/** Decoding options under the names that callers use, ours and those of common services. */
function optionsOf(options: { readonly [name: string]: unknown } = {}): Record<string, unknown> {
  const names: Record<string, string> = {
    temperature: 'temperature',
    topK: 'topK',
    top_k: 'topK',
    topP: 'topP',
    top_p: 'topP',
    seed: 'seed',
    stop: 'stop',
    maxTokens: 'maxTokens',
    max_tokens: 'maxTokens',
    repetitionPenalty: 'repetitionPenalty',
  };
  return Object.fromEntries(
    Object.entries(options).flatMap(([key, value]) => (names[key] && value !== undefined ? [[names[key], value]] : [])),
  );
}

/** What an answer says as it comes, as a part of the editor's. */
function partOf(told: CompleteProgress): LanguageModelResponsePart | undefined {
  if (told.kind === 'text') return new LanguageModelTextPart(told.text);
  if (told.kind === 'reasoning') return thinkingPart(told.text);
  // The engine tells a call whole.
  if (told.kind === 'toolCall') return new LanguageModelToolCallPart(told.id!, told.name!, JSON.parse(told.arguments));
  return undefined;
}
