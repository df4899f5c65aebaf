/** From what must be changed to what may be. */
export const severities = ['error', 'warning', 'info'] as const;
export type Severity = (typeof severities)[number];

/** One remark on one line. */
export interface Finding {
  /** Which of the hunk's numbered lines, from 1. */
  line: number;
  severity: Severity;
  message: string;
  /** The line as it should be, without its indentation; empty where it should go. */
  replacement?: string;
}

/** The whole answer of a review without findings. */
const nothingFound = 'none';

/** Other words for a severity that models use. */
const synonyms: Record<string, Severity> = {
  bug: 'error',
  critical: 'error',
  warn: 'warning',
  hint: 'info',
  note: 'info',
  suggestion: 'info',
};

/** The answer with these findings, one a line, such as `2 warning: compares with ==, use === | if (a === b) {`. */
export function reviewAnswer(findings: Finding[]): string {
  return findings.map(findingText).join('\n') || nothingFound;
}

function findingText({ line, severity, message, replacement }: Finding): string {
  return `${line} ${severity}: ${message}${replacement === undefined ? '' : ` | ${replacement}`}`.trimEnd();
}

/**
 * Reads an answer, one finding a line, whatever stands around them. `lines` is how many numbered lines the hunk has: what
 * names none of them, or says nothing that can be read, is dropped and counted, and so is a second finding of the same
 * words on the same line.
 */
export function parseFindings(answer: string, lines: number): { findings: Finding[]; dropped: number } {
  const findings: Finding[] = [];
  let dropped = 0;
  for (const text of answer.split(/\r?\n/)) {
    const plain = text.replace(/^[\s>*-]+|^```.*/, '').trim();
    if (plain === '' || plain.replace(/\.$/, '').toLowerCase() === nothingFound) continue;
    const finding = parseFinding(plain);
    const isNew = !findings.some(f => f.line === finding?.line && f.message === finding.message);
    if (finding && finding.line >= 1 && finding.line <= lines && isNew) findings.push(finding);
    else dropped++;
  }
  return { findings, dropped };
}

function parseFinding(text: string): Finding | undefined {
  const [, line, word, rest] = /^(?:line )?(\d{1,6})\+?[:.)]?\s+\**([a-z]+)\**\s*:\s*(.+)$/i.exec(text) ?? [];
  const name = word?.toLowerCase() ?? '';
  const severity = severities.find(s => s === name) ?? (Object.hasOwn(synonyms, name) ? synonyms[name] : undefined);
  if (!severity || rest === undefined) return undefined;
  // The bar stands alone between spaces, or ends the line; the || of a condition does neither.
  const [, message = rest, replacement] = /^(.*?)\s\|(?:\s(.*))?$/.exec(rest) ?? [];
  if (!message.trim()) return undefined;
  const hasBar = message !== rest;
  return {
    line: Number(line),
    severity,
    message: message.trim(),
    ...(hasBar && { replacement: (replacement ?? '').trim().replace(/^`(.*)`$/, '$1') }),
  };
}
