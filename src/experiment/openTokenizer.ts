import { hasKnownTime } from '../nn/tokenizer/knownPatterns.ts';
import { createTokenizer, type Tokenizer, type TokenizerOptions } from '../nn/tokenizer/tokenizer.ts';
import { WorkbenchError } from '../protocol/errors.ts';
import { endedInTime } from './endedInTime.ts';

/** In milliseconds; the largest vocabularies (some 300,000 tokens) take two seconds. */
const longestOpening = 20_000;
/**
 * What a tokenizer with patterns of its own may take, in milliseconds: this in the beginning, and so much more with every
 * text and every character. Known ones take 0.002 ms a character; what is saved up is no more than the beginning.
 */
const atFirst = 3_000;
const perText = 5;
const perCharacter = 0.05;

/**
 * As createTokenizer. One that does not have the patterns of known models, which may go back over a text again and again,
 * runs where it can be ended: its time goes with the length of what it reads.
 */
export function openTokenizer(
  tokenizerJson: Record<string, unknown>,
  tokenizerConfig: Record<string, unknown>,
  options: TokenizerOptions & { file: string },
): Tokenizer {
  const open = () => createTokenizer(tokenizerJson, tokenizerConfig, options);
  if (hasKnownTime(tokenizerJson)) return open();
  const { file } = options;
  const tokenizer = endedInTime(open, longestOpening, () => tooLong(file, 'could not be opened', longestOpening));
  let left = atFirst;
  const run = <T>(work: () => T, length: number): T => {
    left = Math.min(atFirst, left + perText) + length * perCharacter;
    const started = performance.now();
    try {
      return endedInTime(work, left, () => tooLong(file, `did not come to an end of ${length} characters`, left));
    } finally {
      left = Math.max(0, left - (performance.now() - started));
    }
  };
  return {
    ...tokenizer,
    encode: (text, encoding) => run(() => tokenizer.encode(text, encoding), text.length),
    decode: (ids, decoding) => run(() => tokenizer.decode(ids, decoding), ids.length),
  };
}

function tooLong(file: string, what: string, milliseconds: number): WorkbenchError {
  return new WorkbenchError(
    'badFile',
    `${file}: its patterns ${what} within ${(milliseconds / 1000).toFixed(1)} seconds`,
    'Use a base with another tokenizer, or the patterns of the model that it was made from.',
  );
}
