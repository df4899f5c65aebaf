/** What is a matter of taste is spoken of only where the rest of the file has another one. */
export function isOddOne(lines: readonly string[], own: RegExp, others: RegExp): boolean {
  const count = (pattern: RegExp) => lines.filter(line => pattern.test(line)).length;
  return count(own) <= 1 + count(others) / 10 && count(others) >= 1;
}

export const declarations = { old: /\bvar\b/, new: /\b(?:let|const)\b/ };
export const types = { loose: /: any\b/, strict: /: unknown\b/ };
export const comparisons = { loose: /(?<![=!<>])([=!])=(?!=)(?!\s*null\b)/, strict: /[=!]==/ };

/** Whether a file shows that what a function gives has to be waited for: it is elsewhere, or it is declared so. */
export function isWaitedFor(lines: readonly string[], name: string): boolean {
  if (name === 'import') return true;
  const escaped = name.replace(/\$/g, '\\$');
  const sign = new RegExp(
    `\\bawait [\\w$.]*\\b${escaped}\\(|\\basync (?:function )?${escaped}\\(|\\b${escaped} = async\\b`,
  );
  return lines.some(line => sign.test(line));
}

/** A log of names alone, which shows its user nothing that can be read. */
const bareLog = /^\s*console\.(?:log|debug)\([\w.$]+(?:, [\w.$]+)*\);?\s*(?:\/\/.*)?$/;
/** Of a file that is not there to write to the console. */
const mostLogs = 3;

/** Whether a log to the console was left behind: the file has few, and none that says something. */
export function isLeftBehind(lines: readonly string[], text: string): boolean {
  const logs = lines.filter(line => /\bconsole\./.test(line));
  return bareLog.test(text) && logs.length <= mostLogs && logs.every(line => bareLog.test(line));
}
