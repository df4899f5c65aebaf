import { Template } from '@huggingface/jinja';
import { WorkbenchError } from '../../protocol/errors.ts';
import type { Tokenizer } from './tokenizer.ts';

export interface ChatMessage {
  role: 'system' | 'user' | 'assistant';
  content: string;
}

/** A compiled chat template. */
export interface ChatTemplate {
  source: string;
  /** True where the base has no template of its own and `plainTemplate` stands in. */
  isFallback: boolean;
  compiled: Template;
}

export interface RenderOptions {
  /** Ends the text where the assistant's answer begins. */
  addGenerationPrompt: boolean;
  bosToken?: string;
  eosToken?: string;
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
 * @throws WorkbenchError `badFile` where the text is not a Jinja template.
 */
export function createChatTemplate(source: string | undefined): ChatTemplate {
  const text = source ?? plainTemplate;
  try {
    // The day on which a prompt is rendered must not change it, so templates that ask for the date get the one that
    // Llama 3's own template falls back on. (The library does not let its function of that name be replaced.)
    const compiled = new Template(text.replaceAll('strftime_now', 'fixed_date'));
    return { source: text, isFallback: source === undefined, compiled };
  } catch (cause) {
    throw new WorkbenchError('badFile', `The chat template cannot be read: ${reasonOf(cause)}`, templateHint);
  }
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
  try {
    return template.compiled.render({
      messages,
      add_generation_prompt: options.addGenerationPrompt,
      bos_token: options.bosToken ?? '',
      eos_token: options.eosToken ?? '',
      // Where a template can open a block for reasoning, it is rendered empty, in training and in use: the answers that
      // experts learn from hold no reasoning apart from their text.
      enable_thinking: false,
      fixed_date: () => '26 Jul 2024',
    });
  } catch (cause) {
    throw new WorkbenchError('badRequest', `The chat template refused the messages: ${reasonOf(cause)}`, rolesHint);
  }
}

/** The ids after which the model is to write the assistant's answer. */
export function promptIds(tokenizer: Tokenizer, template: ChatTemplate, messages: readonly ChatMessage[]): number[] {
  const text = renderChat(template, messages, { ...tokensOf(tokenizer), addGenerationPrompt: true });
  // The template writes BOS itself where the model wants one.
  return tokenizer.encode(text, { addSpecialTokens: false });
}

/** The options of `renderChat` that come from the tokenizer. */
export function tokensOf(tokenizer: Tokenizer): Pick<RenderOptions, 'bosToken' | 'eosToken'> {
  return { bosToken: tokenizer.bosToken, eosToken: tokenizer.eosToken };
}

const templateHint = 'Check chat_template in tokenizer_config.json, or remove it to use plain User/Assistant turns.';
const rolesHint = 'Let the roles alternate from user to assistant, and put a system message first or leave it out.';

function reasonOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}
