import {
  LanguageModelChatMessageRole,
  type LanguageModelChatRequestMessage,
  type LanguageModelChatTool,
  LanguageModelPromptTsxPart,
  LanguageModelTextPart,
  LanguageModelToolCallPart,
  LanguageModelToolResultPart,
  type LanguageModelChatMessageRole as Role,
} from 'vscode';
import type { CompletionInput } from '../../protocol/engine/completing.ts';
import { WorkbenchError } from '../../protocol/errors.ts';
import { isThinking } from './newerParts.ts';

type Message = Extract<CompletionInput, { kind: 'chat' }>['messages'][number];

/** Messages of the editor as a conversation. Throws `unsupported` for what is no text: the models do not claim to read it. */
export function conversationOf(messages: readonly LanguageModelChatRequestMessage[]): Message[] {
  const turns: Message[] = [];
  for (const { role, content } of messages) {
    const results = content.filter(part => part instanceof LanguageModelToolResultPart);
    for (const { callId, content: given } of results)
      turns.push({ role: 'tool', toolCallId: callId, content: given.map(resultText).join('') });
    const calls = content.filter(part => part instanceof LanguageModelToolCallPart);
    const reasoning = content.flatMap(part => (isThinking(part) ? [part.value].flat() : [])).join('');
    const text = content.map(textOf).join('');
    // A message of results alone says nothing of its own.
    if (results.length > 0 && text === '') continue;
    const turn: Message = {
      role: roleOf(role),
      content: text,
      ...(reasoning !== '' && { reasoning }),
      ...(calls.length > 0 && { toolCalls: calls.map(callOf) }),
    };
    const last = turns.at(-1);
    // Chat templates want the roles to alternate; the editor may send several messages of one.
    if (last && canJoin(last, turn)) Object.assign(last, joined(last, turn));
    else turns.push(turn);
  }
  return turns;
}

/** Tools of the editor in OpenAI's form, as chat templates get them. */
export function toolSchemas(tools: readonly LanguageModelChatTool[]): Record<string, unknown>[] {
  return tools.map(({ name, description, inputSchema }) => ({
    type: 'function',
    function: { name, description, parameters: inputSchema ?? { type: 'object', properties: {} } },
  }));
}

function canJoin(last: Message, turn: Message): boolean {
  return last.role === turn.role && !last.toolCalls;
}

function joined(last: Message, turn: Message): Message {
  return { ...last, ...turn, content: [last.content, turn.content].filter(text => text !== '').join('\n') };
}

function callOf({ callId, name, input }: LanguageModelToolCallPart): NonNullable<Message['toolCalls']>[number] {
  return { id: callId, type: 'function', function: { name, arguments: input as Record<string, unknown> } };
}

function roleOf(role: Role): 'system' | 'user' | 'assistant' {
  if (role === LanguageModelChatMessageRole.Assistant) return 'assistant';
  // The stable API knows these two; the editor itself sends system messages as a third.
  return role === LanguageModelChatMessageRole.User ? 'user' : 'system';
}

function textOf(part: unknown): string {
  if (part instanceof LanguageModelTextPart) return part.value;
  if (part instanceof LanguageModelToolCallPart || part instanceof LanguageModelToolResultPart || isThinking(part))
    return '';
  // What the editor adds for caching and the like carries no text and may be passed over.
  if (isData(part) && !part.mimeType.startsWith('image/')) return '';
  throw new WorkbenchError('unsupported', 'these models read text alone', 'Leave images out.');
}

/** What a tool gave back; parts of prompt-tsx are trees that the caller should have rendered. */
function resultText(part: unknown): string {
  if (part instanceof LanguageModelPromptTsxPart) return JSON.stringify(part.value);
  if (isData(part) && part.data && /^(text\/|application\/json)/.test(part.mimeType))
    return new TextDecoder().decode(part.data);
  return textOf(part);
}

function isData(part: unknown): part is { mimeType: string; data?: Uint8Array } {
  return typeof part === 'object' && part !== null && 'mimeType' in part && typeof part.mimeType === 'string';
}
