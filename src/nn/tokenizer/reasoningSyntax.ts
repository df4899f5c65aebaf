import { type ChatTemplate, canThink, renderChat, tokensOf } from './chatTemplate.ts';
import type { Tokenizer } from './tokenizer.ts';

/** The marks around what the assistant thinks before it answers. */
export interface ReasoningSyntax {
  open: string;
  close: string;
  /** Special tokens among them, which a text of the answer has to show. */
  specialIds: ReadonlySet<number>;
}

const thought = 'thoughtxq';
const words = 'wordsxq';
const known = new WeakMap<ChatTemplate, { syntax: ReasoningSyntax | undefined }>();

/** How a base's template writes reasoning: it is asked with an answer that has some. Undefined where it knows none. */
export function reasoningSyntax(tokenizer: Tokenizer, template: ChatTemplate): ReasoningSyntax | undefined {
  const found = known.get(template) ?? { syntax: findSyntax(tokenizer, template) };
  known.set(template, found);
  return found.syntax;
}

function findSyntax(tokenizer: Tokenizer, template: ChatTemplate): ReasoningSyntax | undefined {
  const options = { ...tokensOf(tokenizer), addGenerationPrompt: false, thinking: true };
  const question = { role: 'user' as const, content: 'q' };
  const text = renderChat(template, [question, { role: 'assistant', content: words, reasoning: thought }], options);
  const at = text.indexOf(thought);
  const open = at < 0 ? undefined : /<[^<>\s]+>\s*$/.exec(text.slice(0, at))?.[0].trim();
  const end = text.indexOf(words, at);
  const close = open === undefined || end < 0 ? '' : text.slice(at + thought.length, end).trim();
  if (open !== undefined && close !== '') return withIds(tokenizer, open, close);
  // A template may think without a place for what was thought before.
  return canThink(tokenizer, template) ? withIds(tokenizer, '<think>', '</think>') : undefined;
}

function withIds(tokenizer: Tokenizer, open: string, close: string): ReasoningSyntax {
  const ids = [open, close].flatMap(mark => tokenizer.idOf(mark) ?? []).filter(id => tokenizer.specialIds.has(id));
  return { open, close, specialIds: new Set(ids) };
}
