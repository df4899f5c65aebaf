import { LanguageModelChatMessageRole, type LanguageModelChatRequestMessage, LanguageModelTextPart } from 'vscode';
import type { ChatTurn } from '../../protocol/engine/asking.ts';
import { WorkbenchError } from '../../protocol/errors.ts';

/** Messages of the editor as turns. Throws `unsupported` for what is no text: the models do not claim to read it. */
export function conversationOf(messages: readonly LanguageModelChatRequestMessage[]): ChatTurn[] {
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
