import type { Example, Message } from '../../data/example.ts';

/** Examples as people and other trainers read them: chats in OpenAI's form, texts, and gaps. */
export function* readableLines(examples: Iterable<Example>): Generator<string> {
  for (const example of examples) yield `${JSON.stringify(readable(example))}\n`;
}

function readable({ messages, tools, isText, fill }: Example): object {
  const [first, second] = messages;
  if (isText) return { text: first!.content };
  if (fill) return { prompt: first!.content, suffix: fill.suffix, completion: second!.content };
  return { messages: messages.map(messageOf), ...(tools && tools.length > 0 && { tools }) };
}

function messageOf({ role, content, toolCalls, name, toolCallId, reasoning, weight }: Message): object {
  return {
    role,
    content,
    ...(toolCalls && { tool_calls: toolCalls }),
    ...(name !== undefined && { name }),
    ...(toolCallId !== undefined && { tool_call_id: toolCallId }),
    ...(reasoning !== undefined && { reasoning_content: reasoning }),
    ...(weight !== undefined && { weight }),
  };
}
