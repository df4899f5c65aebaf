import type { Random } from '../../src/nn/tensor/random.ts';
import type { ReviewHunk } from './reviewHunk.ts';

/** Writes a hunk as one of many people would: quotes, indentation and semicolons are not mistakes. */
export function inSomeStyle({ lines, finding, key }: ReviewHunk, random: Random): ReviewHunk {
  const quote = random.choice(['"', "'"]);
  const indentation = random.choice(['  ', '  ', '    ']);
  const hasSemicolons = random.uniform() < 0.8;
  const styled = (text: string) => {
    const indented = text.replaceAll('"', quote).replace(/^(?: {2})+/, spaces => indentation.repeat(spaces.length / 2));
    return hasSemicolons ? indented : indented.replace(/;$/, '');
  };
  return {
    key,
    lines: lines.map(line => ({ ...line, text: styled(line.text) })),
    finding: finding && { ...finding, replacement: styled(finding.replacement!) },
  };
}
