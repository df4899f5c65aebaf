import { type ChatMessage, type ChatTemplate, renderChat } from './chatTemplate.ts';
import type { Tokenizer } from './tokenizer.ts';

/** The texts between the turns of a conversation. */
interface Turns {
  /** What stands before the first user's words where there is no system message. */
  start: string;
  /** Before and after a system message; after it up to the first user's words. */
  system?: { before: string; after: string };
  /** From a user's words to the assistant's. */
  answer: string;
  /** From the assistant's words to the next user's. */
  next: string;
}

const marks = { system: '\ue000s\ue001', first: '\ue000a\ue001', reply: '\ue000b\ue001', second: '\ue000c\ue001' };

/**
 * A Modelfile for Ollama: the model's file, its chat template and the texts that end an answer. A Jinja template cannot be
 * written in Ollama's language as it is: the turns are found by writing conversations with it, and where a conversation that
 * is written from them is another, the template is left out, and Ollama takes the one in the file.
 */
export function ollamaModelfile(
  file: string,
  tokenizer: Tokenizer,
  template: ChatTemplate,
  stopIds: readonly number[],
): string {
  const turns = turnsOf(tokenizer, template);
  const stops = stopIds.flatMap(id => tokenizer.tokenOf(id) ?? []);
  return [
    `FROM ./${file}`,
    ...(turns ? [`TEMPLATE """${goTemplate(turns)}"""`] : []),
    ...stops.map(stop => `PARAMETER stop ${JSON.stringify(stop)}`),
    '',
  ].join('\n');
}

function turnsOf(tokenizer: Tokenizer, template: ChatTemplate): Turns | undefined {
  const { bosToken, eosToken } = tokenizer;
  const render = (messages: ChatMessage[]): string | undefined => {
    try {
      const text = renderChat(template, messages, { addGenerationPrompt: true, bosToken, eosToken });
      // Ollama puts it there itself where the file says so.
      return bosToken && text.startsWith(bosToken) && beginsWithBos(tokenizer) ? text.slice(bosToken.length) : text;
    } catch {
      // A template may refuse a system message.
      return undefined;
    }
  };
  const first: ChatMessage = { role: 'user', content: marks.first };
  const system: ChatMessage = { role: 'system', content: marks.system };
  const more: ChatMessage[] = [
    { role: 'assistant', content: marks.reply },
    { role: 'user', content: marks.second },
  ];
  const [start, answer] = render([first])?.split(marks.first) ?? [];
  const next = render([first, ...more])
    ?.split(marks.reply)[1]
    ?.split(marks.second)[0];
  if (start === undefined || answer === undefined || next === undefined) return undefined;
  const [before, after] = render([system, first])?.split(marks.first)[0]?.split(marks.system) ?? [];
  const turns: Turns = {
    start,
    answer,
    next,
    ...(before !== undefined && after !== undefined && { system: { before, after } }),
  };
  const isSame = [[first], [first, ...more], [system, first, ...more]].every(messages => {
    const wanted = render(messages);
    return wanted === undefined || (messages[0] === system && !turns.system) || written(turns, messages) === wanted;
  });
  return isSame ? turns : undefined;
}

function beginsWithBos(tokenizer: Tokenizer): boolean {
  const bos = tokenizer.bosToken === undefined ? undefined : tokenizer.idOf(tokenizer.bosToken);
  return bos !== undefined && tokenizer.encode('a')[0] === bos;
}

/** A conversation that a user's words end, from its turns. */
function written({ start, system, answer, next }: Turns, messages: ChatMessage[]): string {
  const [head, ...rest] = messages;
  const isSystem = head!.role === 'system';
  const begin = isSystem ? system!.before + head!.content + system!.after : start;
  return begin + (isSystem ? rest : messages).map(m => m.content + (m.role === 'user' ? answer : next)).join('');
}

/** In the language of Go's templates, which Ollama reads: https://github.com/ollama/ollama/blob/main/docs/template.mdx */
function goTemplate({ start, system, answer, next }: Turns): string {
  const begin = system
    ? `{{ if .System }}${literal(system.before)}{{ .System }}${literal(system.after)}{{ else }}${literal(start)}{{ end }}`
    : literal(start);
  const turns = `{{ range .Messages }}{{ if eq .Role "user" }}{{ .Content }}${literal(answer)}{{ else if eq .Role "assistant" }}{{ .Content }}${literal(next)}{{ end }}{{ end }}`;
  return begin + turns;
}

/** A text that stands for itself within a Go template, within three quotation marks. */
function literal(text: string): string {
  return /\{\{|"""/.test(text) ? `{{ ${JSON.stringify(text)} }}` : text;
}
