import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const folder = fileURLToPath(new URL('../../src/extension/', import.meta.url));
/** A call that translates, with its text: a literal, or what is none. */
const call = /\bl10n\.t\(\s*(?:('(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*")\s*[,)])?/g;

/**
 * The texts of the extension that the editor translates, each by itself, as l10n/bundle.l10n.json has them: a translation is
 * a file beside it, bundle.l10n.LANGUAGE.json. Throws where a text is no literal, which no translator would see.
 */
export function translatableTexts(): Record<string, string> {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter(name => name.endsWith('.ts'));
  const texts = new Set<string>();
  for (const file of files)
    for (const [found, literal] of readFileSync(join(folder, file), 'utf8').matchAll(call)) {
      if (literal === undefined) throw new Error(`${file}: ${found} translates what is no text`);
      texts.add(textOf(literal));
    }
  return Object.fromEntries([...texts].sort().map(text => [text, text]));
}

/** A literal's text; JSON has double quotes alone. */
function textOf(literal: string): string {
  const inner = literal.slice(1, -1);
  return JSON.parse(literal.startsWith('"') ? literal : `"${inner.replaceAll("\\'", "'").replaceAll('"', '\\"')}"`);
}
