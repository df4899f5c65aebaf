import { WorkbenchError } from '../../protocol/errors.ts';
import { visibleName } from '../../protocol/visibleText.ts';
import { type Program, parseTemplate, renderTemplate, TemplateLimit, TemplateRefusal } from './jinja.ts';
import type { Tokenizer } from './tokenizer.ts';

export interface ChatMessage {
  role: 'system' | 'user' | 'assistant' | 'tool';
  content: string;
  /** What the assistant thought before it answered, apart from its content; templates know it as `reasoning_content`. */
  reasoning?: string;
  /** What the assistant calls. */
  toolCalls?: readonly ToolCall[];
  /** Which tool a message of the role `tool` comes from, and to which call. */
  name?: string;
  toolCallId?: string;
}

/** A call of a function, as templates get it. */
interface ToolCall {
  id?: string;
  type: 'function';
  function: { name: string; arguments: Record<string, unknown> };
}

/** Templates differ in what they take for a call. */
export interface CallForm {
  /** JSON as a text where they join it to what they write, in place of writing it as JSON themselves. */
  arguments: 'object' | 'json';
  /** What stands for the words of an answer that has none. */
  noContent: '' | null;
}

/** A compiled chat template. */
export interface ChatTemplate {
  source: string;
  /** The file that has it, where it is known: errors name it. */
  file?: string;
  /** True where the base has no template of its own and `plainTemplate` stands in. */
  isFallback: boolean;
  compiled: Program;
  /** With a mark where each `{% generation %}` begins and ends; undefined where the template has none. */
  marked?: Program;
  /** What it makes of conversations of marks: see renderOutline. */
  outlines: Map<string, string>;
  /** How it wants calls of tools, once that is known: see toolSupport. */
  callForm?: CallForm;
}

export interface RenderOptions {
  /** Ends the text where the assistant's answer begins. */
  addGenerationPrompt: boolean;
  bosToken?: string;
  eosToken?: string;
  /** Whether the assistant thinks before it answers, where the template knows of it. Default false. */
  thinking?: boolean;
  /** Schemas of the functions that the assistant may call. */
  tools?: readonly Record<string, unknown>[];
}

/**
 * Stands in for a base without a chat template: `User: …\nAssistant: …`, each turn on its own line, an answer closed by
 * the EOS token where there is one. The blank before an answer belongs to the answer, because most vocabularies hold it
 * in the first token of a word: a prompt that ended in the blank would be tokenized otherwise than the training text.
 */
const plainTemplate =
  "{{ bos_token }}{% for message in messages %}{{ message['role'] | capitalize + ': ' + message['content'] }}" +
  "{% if message['role'] == 'assistant' %}{{ eos_token }}{% endif %}{{ '\\n' }}{% endfor %}" +
  "{% if add_generation_prompt %}{{ 'Assistant:' }}{% endif %}";

/**
 * @param source the template's text; undefined for a base without one.
 * @param file the file it comes from, as errors name it.
 * @throws WorkbenchError `badFile` where the text is not a Jinja template.
 */
export function createChatTemplate(source: string | undefined, file?: string): ChatTemplate {
  const text = source ?? plainTemplate;
  try {
    const marked = generationTag.test(text) ? parseTemplate(markGenerations(text)) : undefined;
    const compiled = parseTemplate(text);
    return {
      source: text,
      ...(file && { file }),
      isFallback: source === undefined,
      compiled,
      outlines: new Map(),
      ...(marked && { marked }),
    };
  } catch (cause) {
    throw new WorkbenchError('badFile', `${nameOf({ file })} cannot be read: ${reasonOf(cause)}`, templateHint);
  }
}

const generationTag = /{%-?\s*(end)?generation\s*-?%}/;
// Of the characters for private use the last; `answerSpans` takes the first.
const generationStart = '\uf8fe';
const generationEnd = '\uf8ff';

/** The tags in the form of a statement that writes a mark, because white space around statements counts otherwise. */
function markGenerations(source: string): string {
  return source.replace(
    /{%(-?)\s*(end)?generation\s*(-?)%}/g,
    (_, before: string, isEnd: string | undefined, after: string) =>
      `{%${before} if true %}${isEnd ? generationEnd : generationStart}{% endif ${after}%}`,
  );
}

/**
 * What a template with `{% generation %}` says are the assistant's words, `[start, end)` in characters of the text that
 * `renderChat` makes; undefined where it does not say.
 */
export function renderGenerations(
  template: ChatTemplate,
  messages: readonly ChatMessage[],
  options: RenderOptions,
): { start: number; end: number }[] | undefined {
  if (!template.marked) return undefined;
  const found: { start: number; end: number }[] = [];
  let length = 0;
  let start = 0;
  for (const piece of renderProgram(template, template.marked, messages, options).split(/([\uf8fe\uf8ff])/)) {
    if (piece === generationStart) start = length;
    else if (piece === generationEnd) found.push({ start, end: length });
    else length += piece.length;
  }
  return found;
}

/**
 * The template in `tokenizer_config.json`: a string, or a list of named ones of which `default` is taken. (A folder may
 * hold it in `chat_template.jinja` instead; that file wins.)
 */
export function chatTemplateSource(tokenizerConfig: { chat_template?: unknown }): string | undefined {
  const entry = tokenizerConfig.chat_template;
  if (typeof entry === 'string') return entry;
  if (!Array.isArray(entry)) return undefined;
  const named = entry as { name?: unknown; template?: unknown }[];
  const chosen = named.find(each => each.name === 'default') ?? named[0];
  return typeof chosen?.template === 'string' ? chosen.template : undefined;
}

/**
 * The text of a conversation.
 * @throws WorkbenchError `badRequest` where the template refuses the messages (many allow no system message, or want
 *   the roles to alternate).
 */
export function renderChat(template: ChatTemplate, messages: readonly ChatMessage[], options: RenderOptions): string {
  return renderProgram(template, template.compiled, messages, options);
}

/** As renderChat, for messages with marks in place of their words, which are the same in many conversations. */
export function renderOutline(
  template: ChatTemplate,
  messages: readonly ChatMessage[],
  options: RenderOptions,
): string {
  if (messages.length > longestOutline) return renderChat(template, messages, options);
  const { addGenerationPrompt, bosToken, eosToken, thinking, tools } = options;
  const outline = JSON.stringify([messages, addGenerationPrompt, bosToken, eosToken, thinking, tools]);
  const known = template.outlines.get(outline);
  if (known !== undefined) return known;
  const text = renderChat(template, messages, options);
  if (template.outlines.size >= mostOutlines) template.outlines.clear();
  template.outlines.set(outline, text);
  return text;
}

const longestOutline = 100;
const mostOutlines = 1_000;

function renderProgram(
  template: ChatTemplate,
  program: Program,
  messages: readonly ChatMessage[],
  options: RenderOptions,
): string {
  const thinking = options.thinking ?? false;
  try {
    return renderTemplate(program, {
      messages: messages.map(({ role, content, reasoning, toolCalls, name, toolCallId }) => ({
        role,
        content: toolCalls && content === '' && template.callForm ? template.callForm.noContent : content,
        ...(reasoning !== undefined && { reasoning_content: reasoning }),
        ...(toolCalls && { tool_calls: toolCalls.map(call => writtenCall(template, call)) }),
        ...(name !== undefined && { name }),
        ...(toolCallId !== undefined && { tool_call_id: toolCallId }),
      })),
      ...(options.tools && { tools: options.tools }),
      add_generation_prompt: options.addGenerationPrompt,
      bos_token: options.bosToken ?? '',
      eos_token: options.eosToken ?? '',
      // Qwen3 and SmolLM3 ask for the one, Granite and DeepSeek for the other.
      enable_thinking: thinking,
      thinking,
    });
  } catch (cause) {
    if (cause instanceof TemplateLimit)
      throw new WorkbenchError('badFile', `${nameOf(template)} was stopped: ${cause.message}.`, templateHint);
    const hint = cause instanceof TemplateRefusal ? rolesHint : templateHint;
    throw new WorkbenchError('badRequest', `${nameOf(template)} refused the messages: ${reasonOf(cause)}`, hint);
  }
}

function writtenCall({ callForm }: ChatTemplate, call: ToolCall): object {
  if (callForm?.arguments !== 'json') return call;
  return { ...call, function: { ...call.function, arguments: jsonText(call.function.arguments) } };
}

/** As Python's json.dumps writes it. */
function jsonText(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(jsonText).join(', ')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  return `{${Object.entries(value)
    .map(([key, each]) => `${JSON.stringify(key)}: ${jsonText(each)}`)
    .join(', ')}}`;
}

/**
 * The ids after which the model is to write the assistant's answer.
 * @throws WorkbenchError as renderChat does, and `badFile` where the template writes nothing.
 */
export function promptIds(
  tokenizer: Tokenizer,
  template: ChatTemplate,
  messages: readonly ChatMessage[],
  thinking: boolean,
  tools?: RenderOptions['tools'],
): number[] {
  const options = { ...tokensOf(tokenizer), addGenerationPrompt: true, thinking, ...(tools && { tools }) };
  const text = renderChat(template, messages, options);
  // The template writes BOS itself where the model wants one.
  const ids = tokenizer.encode(text, { addSpecialTokens: false });
  if (ids.length > 0) return ids;
  throw new WorkbenchError('badFile', `${nameOf(template)} makes no text of the messages.`, templateHint);
}

/** Whether the assistant can be asked to think first: the setting makes another prompt, or every prompt opens a thought. */
export function canThink(tokenizer: Tokenizer, template: ChatTemplate): boolean {
  const prompt = (thinking: boolean) =>
    renderChat(template, [{ role: 'user', content: 'question' }], {
      ...tokensOf(tokenizer),
      addGenerationPrompt: true,
      thinking,
    });
  const asked = prompt(true);
  return asked !== prompt(false) || /<think>\s*$/.test(asked);
}

/** The options of `renderChat` that come from the tokenizer. */
export function tokensOf(tokenizer: Tokenizer): Pick<RenderOptions, 'bosToken' | 'eosToken'> {
  return { bosToken: tokenizer.bosToken, eosToken: tokenizer.eosToken };
}

const templateHint = 'Check the template, or remove it to use plain User/Assistant turns.';
const rolesHint = 'Let the roles alternate from user to assistant, and put a system message first or leave it out.';

function nameOf({ file }: Pick<ChatTemplate, 'file'>): string {
  return file ? `${file}: the chat template` : 'The chat template';
}

function reasonOf(cause: unknown): string {
  // The words of the runtime for its own limits.
  if (cause instanceof RangeError && /call stack/.test(cause.message)) return 'it is nested too deeply';
  if (cause instanceof RangeError) return 'it makes more text than a template may';
  // A template words its refusals itself: in one line, or the next could pass for one of the product's.
  return visibleName(cause instanceof Error ? cause.message : String(cause), 1000);
}
