import type { Tokenizer } from './tokenizer.ts';

export type Encode = (text: string) => number[];

/** How texts are encoded that are no markup: what reads like a special token in them is text, as llama.cpp takes it. */
export interface PlainText {
  /** As the tokenizer encodes a text, with the blank that SentencePiece puts before it. */
  encode: Encode;
  /** A text that goes on after another: without that blank (CodeLlama's `encode_infilling`). */
  encodeNext: Encode;
  /** What a decoder has to take for said, so that a blank at the beginning of what follows stays; mostly nothing. */
  said: number[];
}

const mark = '☺';

export function plainText(tokenizer: Tokenizer): PlainText {
  const { specialTokens } = tokenizer;
  const raw: Encode = text => tokenizer.encode(text, { addSpecialTokens: false });
  const [first] = raw('a');
  const addsBlank = first !== undefined && tokenizer.tokenOf(first)?.startsWith('▁') === true;
  const said = addsBlank ? raw(mark) : [];
  const rawNext: Encode = addsBlank ? text => raw(mark + text).slice(said.length) : raw;

  const apart =
    (begin: Encode): Encode =>
    text => {
      const [head, ...rest] = cutSpecial(text, specialTokens) as [string, ...string[]];
      return rest.length === 0 ? begin(head) : [begin(head), ...rest.map(rawNext)].flat();
    };
  return { encode: apart(raw), encodeNext: apart(rawNext), said };
}

/** A text in pieces, none of which has a special token: each is cut behind its first character. */
function cutSpecial(text: string, specialTokens: readonly string[]): string[] {
  const found = specialTokens.filter(token => token.length > 1 && text.includes(token));
  let pieces = [text];
  for (const token of found)
    pieces = pieces.flatMap(piece => {
      const parts = piece.split(token);
      return parts.map((part, i) => {
        const before = i === 0 ? '' : token.slice(1);
        const behind = i === parts.length - 1 ? '' : token[0]!;
        return before + part + behind;
      });
    });
  return pieces;
}
