import { parse } from 'acorn';

const parsed = ['javascript'];

/**
 * Whether a file of JavaScript parses; undefined where its language is another or has more than the parser knows, such as
 * JSX or types, and so nothing can be said.
 */
function parses(text: string): boolean {
  return (['module', 'script'] as const).some(sourceType => {
    try {
      parse(text, { ecmaVersion: 'latest', sourceType, allowHashBang: true, allowReturnOutsideFunction: true });
      return true;
    } catch {
      return false;
    }
  });
}

/** Whether a file parses with another line in the place of one of its own, where it did before; true for other languages. */
export function parsesStill(
  lines: readonly string[],
  number: number,
  replacement: string,
  languageId: string,
): boolean {
  if (!parsed.includes(languageId)) return true;
  const changed = lines.with(number - 1, replacement).join('\n');
  return parses(changed) || !parses(lines.join('\n'));
}
