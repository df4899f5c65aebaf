// A symbol, so that no object read from JSON can pass for markup.
const text = Symbol('markup');

/** Finished HTML. Only the `html` tag makes it, so everything else that enters a page has been escaped. */
export interface Markup {
  readonly [text]: string;
}

export type Content = Markup | string | number | undefined | readonly Content[];

/**
 * Template tag: the literal's own text is markup, what is put in is text and is escaped, unless `html` made it. Lists are
 * joined; `undefined` is nothing. Attribute values must be quoted in the template.
 */
export function html(literals: TemplateStringsArray, ...values: readonly Content[]): Markup {
  let out = literals[0]!;
  for (const [i, value] of values.entries()) out += contentText(value) + literals[i + 1]!;
  return { [text]: out };
}

/** The HTML as a string, to be written to a file. */
export function markupText(markup: Markup): string {
  return markup[text];
}

function contentText(content: Content): string {
  if (content === undefined) return '';
  if (typeof content === 'number') return String(content);
  if (typeof content === 'string') return escapeHtml(content);
  if (text in content) return content[text];
  return content.map(contentText).join('');
}

const entities: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };

/**
 * For text and quoted attributes. A model may emit any character: controls other than tab and line feed, which HTML
 * forbids, and halves of surrogate pairs, which UTF-8 cannot hold, become U+FFFD.
 */
export function escapeHtml(value: string): string {
  return value
    .replace(/[&<>"']/g, character => entities[character]!)
    .replace(/\r\n/g, '\n')
    .replace(/\p{Cs}|(?![\t\n])\p{Cc}/gu, '\ufffd');
}
