import {
  Disposable,
  EventEmitter,
  type LanguageModelChatInformation,
  LanguageModelChatMessageRole,
  type LanguageModelChatProvider,
  type LanguageModelChatRequestMessage,
  LanguageModelTextPart,
  lm,
} from 'vscode';
import type { ChatTurn } from '../../protocol/engine/asking.ts';
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

    async provideLanguageModelChatResponse(model, messages, { modelOptions, tools }, progress, token) {
      const turns = conversationOf(messages);
      const last = turns.pop();
      if (last?.role !== 'user') throw new Error('The last message has to be the user’s.');
      if (tools && tools.length > 0) throw new Error('These models call no tools.');
      const offer = await experts.offer();
      await withSignal(token, signal =>
        experts.ask(
          offer,
          {
            prompt: last.content,
            history: turns,
            target: targetOf(model.id),
            settings: optionsOf(modelOptions),
          },
          {
            signal,
            onProgress(told) {
              if (told.kind === 'text') progress.report(new LanguageModelTextPart(told.text));
            },
          },
        ),
      ).catch(error => {
        // The caller sees the message alone: what to do belongs into it.
        throw error instanceof WorkbenchError ? new Error(errorText(error)) : error;
      });
    },

    async provideTokenCount(_model, text) {
      if (typeof text === 'string') return (await experts.countTokens({ texts: [text] })).texts[0]!;
      const [turn] = conversationOf([text]);
      // What the chat template puts around a message takes room in the window too.
      if (turn!.role === 'user') return (await experts.countTokens({ conversation: [turn!] })).conversation;
      return (await experts.countTokens({ texts: [turn!.content] })).texts[0]!;
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

function information(choice: Target, { described, nothingTrained }: Offer): LanguageModelChatInformation {
  const { contextLength, architecture } = described.base;
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
    capabilities: { toolCalling: false, imageInput: false },
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

/** Messages of the editor as turns. Throws `unsupported` for what is no text: the models do not claim to read it. */
function conversationOf(messages: readonly LanguageModelChatRequestMessage[]): ChatTurn[] {
  const turns: ChatTurn[] = [];
  for (const { role, content } of messages) {
    const turn: ChatTurn = { role: roleOf(role), content: content.map(textOf).join('') };
    const last = turns.at(-1);
    // Chat templates want the roles to alternate; the editor may send several messages of one.
    if (last?.role === turn.role) last.content += `\n${turn.content}`;
    else turns.push(turn);
  }
  return turns;
}

function roleOf(role: LanguageModelChatMessageRole): ChatTurn['role'] {
  if (role === LanguageModelChatMessageRole.Assistant) return 'assistant';
  // The stable API knows these two; the editor itself sends system messages as a third.
  return role === LanguageModelChatMessageRole.User ? 'user' : 'system';
}

function textOf(part: unknown): string {
  if (part instanceof LanguageModelTextPart) return part.value;
  // What the editor adds for caching and the like carries no text and may be passed over.
  if (isData(part) && !part.mimeType.startsWith('image/')) return '';
  throw new WorkbenchError('unsupported', 'these models read text alone', 'Leave images and tool results out.');
}

function isData(part: unknown): part is { mimeType: string } {
  return typeof part === 'object' && part !== null && 'mimeType' in part && typeof part.mimeType === 'string';
}
