import { WorkbenchError } from '../../protocol/errors.ts';
import { type CallForm, type ChatMessage, type ChatTemplate, type RenderOptions, renderChat } from './chatTemplate.ts';

/** What of tools a template writes. */
interface ToolSupport {
  schemas: boolean;
  calls: boolean;
  results: boolean;
}

/** Names that no template has of its own. */
const marks = { schema: 'toolxq', call: 'callxq', argument: 'argxq', result: 'resultxq' };

/** The form of transformers' documentation first; DeepSeek's templates want the last. */
const callForms: readonly CallForm[] = [
  { arguments: 'object', noContent: '' },
  { arguments: 'object', noContent: null },
  { arguments: 'json', noContent: '' },
  { arguments: 'json', noContent: null },
];

const known = new WeakMap<ChatTemplate, ToolSupport>();

/**
 * Throws `unsupported` where messages call tools, or may call some, and the template would leave that out: it is asked
 * once with a conversation that has all of it.
 */
export function checkTools(
  template: ChatTemplate,
  messages: readonly ChatMessage[],
  options: Omit<RenderOptions, 'addGenerationPrompt'>,
): void {
  const needs: [keyof ToolSupport, boolean, what: string][] = [
    ['schemas', (options.tools?.length ?? 0) > 0, "the tools that 'tools' lists"],
    ['calls', messages.some(m => m.toolCalls), 'calls of tools'],
    ['results', messages.some(m => m.role === 'tool'), 'what tools give back'],
  ];
  if (needs.every(([, isNeeded]) => !isNeeded)) return;
  const support = toolSupport(template, options);
  const lost = needs.filter(([part, isNeeded]) => isNeeded && !support[part]).map(([, , what]) => what);
  if (lost.length === 0) return;
  throw new WorkbenchError(
    'unsupported',
    `${template.file ? `${template.file}: the` : 'the'} chat template knows no tools: it leaves out ${lost.join(' and ')}`,
    'Take a base whose template writes them, such as Qwen2.5 or Qwen3, or write tools, calls and results as text into the messages.',
  );
}

/**
 * Throws `unsupported` where an answer that calls tools is not written whole: templates may write its words or its calls
 * alone.
 */
export function checkCalls({ content, toolCalls = [] }: ChatMessage, written: string): void {
  const parts = [content.trim(), ...toolCalls.map(call => call.function.name)];
  if (parts.every(part => written.includes(part))) return;
  throw new WorkbenchError(
    'unsupported',
    'the chat template leaves out words or calls of an answer that calls tools',
    'Let the answer have its calls alone, or one call at a time.',
  );
}

/** What of tools the template writes. After this it knows how it wants calls. */
export function toolSupport(
  template: ChatTemplate,
  options: Omit<RenderOptions, 'addGenerationPrompt'>,
): Readonly<ToolSupport> {
  const support = known.get(template) ?? findSupport(template, options);
  known.set(template, support);
  return support;
}

function findSupport(template: ChatTemplate, options: Omit<RenderOptions, 'addGenerationPrompt'>): ToolSupport {
  // Some templates write properties one by one.
  const properties = { p: { type: 'string', description: 'd' } };
  const parameters = { type: 'object', properties, required: ['p'] };
  const schema = { name: marks.schema, description: 'd', parameters };
  const tools = [{ type: 'function', function: schema }];
  const call = { name: marks.call, arguments: { [marks.argument]: 'x' } };
  const messages: ChatMessage[] = [
    { role: 'user', content: 'q' },
    // Mistral's templates take ids of nine characters alone.
    { role: 'assistant', content: '', toolCalls: [{ id: 'abcdefghi', type: 'function', function: call }] },
    { role: 'tool', content: marks.result, name: marks.call, toolCallId: 'abcdefghi' },
    { role: 'assistant', content: 'a' },
  ];
  const write = () => {
    try {
      return renderChat(template, messages, { ...options, tools, addGenerationPrompt: false });
    } catch (error) {
      if (error instanceof WorkbenchError && error.code === 'badRequest') return '';
      throw error;
    }
  };
  for (const form of callForms) {
    template.callForm = form;
    const text = write();
    if (!text.includes(marks.call) || !text.includes(marks.argument)) continue;
    return { schemas: text.includes(marks.schema), calls: true, results: text.includes(marks.result) };
  }
  template.callForm = undefined;
  const text = write();
  return { schemas: text.includes(marks.schema), calls: false, results: text.includes(marks.result) };
}
