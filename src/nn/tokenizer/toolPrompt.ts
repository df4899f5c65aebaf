import { WorkbenchError } from '../../protocol/errors.ts';
import { type CallSyntax, callSyntax } from './callSyntax.ts';
import {
  type ChatMessage,
  type ChatTemplate,
  promptIds,
  type RenderOptions,
  renderChat,
  tokensOf,
} from './chatTemplate.ts';
import type { Tokenizer } from './tokenizer.ts';
import { checkCalls, checkTools } from './toolSupport.ts';

/** A conversation, and what may be called in its answer. */
export interface Conversation {
  messages: readonly ChatMessage[];
  tools?: RenderOptions['tools'];
}

/**
 * As promptIds, for a conversation that may have tools, with how calls are written in the answer where some may be made.
 * @throws WorkbenchError `unsupported` where the template leaves tools, calls or what they gave back out of the prompt, or
 *   where it does not say how tools are called.
 */
export function toolPrompt(
  tokenizer: Tokenizer,
  template: ChatTemplate,
  { messages: given, tools }: Conversation,
  thinking: boolean,
): { prompt: number[]; calls?: CallSyntax } {
  const hasTools = tools !== undefined && tools.length > 0;
  if (!hasTools && !given.some(m => m.toolCalls || m.role === 'tool'))
    return { prompt: promptIds(tokenizer, template, given, thinking) };
  const options = { ...tokensOf(tokenizer), thinking, ...(hasTools && { tools }) };
  checkTools(template, given, options);
  const calls = callSyntax(tokenizer, template);
  if (hasTools && !calls)
    throw new WorkbenchError(
      'unsupported',
      `${template.file ? `${template.file}: the` : 'the'} chat template tells the model of tools, but not in which form it calls them`,
      'Take a base whose template writes calls, such as Qwen2.5 or Qwen3.',
    );
  const messages = withCallIds(given, calls?.hasShortIds ?? false);
  const calling = messages.filter(m => m.toolCalls);
  if (calling.length > 0) {
    const text = renderChat(template, messages, { ...options, addGenerationPrompt: true });
    for (const message of calling) checkCalls(message, text);
  }
  const prompt = promptIds(tokenizer, template, messages, thinking, hasTools ? tools : undefined);
  return { prompt, ...(hasTools && calls && { calls }) };
}

/** Ids in the form that the template takes, and the name of the tool with what it gave back: some templates want it. */
function withCallIds(messages: readonly ChatMessage[], isShort: boolean): ChatMessage[] {
  const ids = new Map<string, string>();
  const names = new Map<string, string>();
  const idOf = (id: string) => {
    if (!isShort || /^[a-zA-Z0-9]{9}$/.test(id)) return id;
    const own = ids.get(id) ?? String(ids.size + 1).padStart(9, 'call00000');
    ids.set(id, own);
    return own;
  };
  let count = 0;
  return messages.map(message => {
    const { toolCalls, toolCallId, name } = message;
    if (toolCalls) {
      const calls = toolCalls.map(call => {
        const id = call.id ?? `unnamed${count++}`;
        names.set(id, call.function.name);
        return call.id === undefined && !isShort ? call : { ...call, id: idOf(id) };
      });
      return { ...message, toolCalls: calls };
    }
    if (toolCallId === undefined) return message;
    const known = name ?? names.get(toolCallId);
    return { ...message, toolCallId: idOf(toolCallId), ...(known !== undefined && { name: known }) };
  });
}
