import type { Random } from '../../src/nn/tensor/random.ts';
import { reviewAnswer } from '../../src/review/findings.ts';
import { hunkPrompt } from '../../src/review/hunkPrompt.ts';
import { reviewCode } from './reviewCode.ts';
import { drawHunk, type ReviewHunk } from './reviewHunk.ts';
import { reviewMistakes } from './reviewMistakes.ts';
import type { GeneratedExample } from './split.ts';

const KINDS = Object.keys(reviewMistakes);
const SHARE_WITHOUT = 0.35;

/** One exchange: a new line of a diff with those before it, and what a reviewer says of it. */
export function reviewExample(random: Random): GeneratedExample {
  // Drawn once: a kind that few lines can have would be rare if each attempt drew anew.
  const kind = random.uniform() < SHARE_WITHOUT ? 'none' : random.choice(KINDS);
  for (;;) {
    const code = reviewCode(random);
    const drawn = drawHunk(code.lines, reviewMistakes[kind], random);
    if (!drawn) continue;
    const { lines, finding, key } = inSomeStyle(drawn, random);
    return {
      messages: [
        { role: 'user', content: hunkPrompt(lines, `${code.language} code`) },
        { role: 'assistant', content: reviewAnswer(finding ? [finding] : []) },
      ],
      kind,
      key,
    };
  }
}

/** Writes a hunk as one of many people would: quotes, indentation and semicolons are not mistakes. */
function inSomeStyle({ lines, finding, key }: ReviewHunk, random: Random): ReviewHunk {
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
