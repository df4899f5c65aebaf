import type { BaseText } from '../../experiment/base.ts';
import type { TokenConstraint } from '../../nn/decode/constraint.ts';
import { type AnswerGrammar, answerGrammar, checkSize, type FramedJson } from '../../nn/grammar/answerGrammar.ts';
import { createTokenConstraint } from '../../nn/grammar/tokenConstraint.ts';
import { createVocabulary, type Vocabulary } from '../../nn/grammar/vocabulary.ts';
import type { Tokenizer } from '../../nn/tokenizer/tokenizer.ts';
import type { CompletionFormat } from '../../protocol/engine/completing.ts';
import { WorkbenchError } from '../../protocol/errors.ts';

/** How the template writes a call of one tool: its arguments, between the texts around them. */
export interface CallForm extends FramedJson {
  name: string;
}

interface Compiled {
  vocabulary: Vocabulary;
  /** By what they are made of; the one used last is the last. */
  grammars: Map<string, AnswerGrammar>;
}

const mostGrammars = 16;
/** What one may have made while answers were written. */
const largestGrammar = 2_000_000;
const compiled = new WeakMap<Tokenizer, Compiled>();

/**
 * Holds one answer to a format. `calls` are the tools that may be called, for a call of one of them.
 * Throws `unsupported` and `badRequest` as answerGrammar does, and `badRequest` for a tool that is not there.
 */
export async function createConstraint(
  text: BaseText,
  format: CompletionFormat,
  calls: readonly CallForm[] = [],
): Promise<TokenConstraint> {
  const { vocabulary, grammars } = compiledOf(text);
  const alternatives = alternativesOf(format, calls);
  for (const { schema } of alternatives) checkSize(schema);
  const key = JSON.stringify(alternatives.map(({ before, schema, after }) => [before, schema, after]));
  let grammar = grammars.get(key);
  if (!grammar || grammar.size() > largestGrammar) grammar = answerGrammar(vocabulary, alternatives);
  grammars.delete(key);
  grammars.set(key, grammar);
  for (const oldest of grammars.keys()) if (grammars.size > mostGrammars) grammars.delete(oldest);
  return createTokenConstraint(grammar.pushdown, text.stopIds, vocabulary.words);
}

function compiledOf({ tokenizer, stopIds }: BaseText): Compiled {
  let own = compiled.get(tokenizer);
  if (!own) {
    own = { vocabulary: createVocabulary(tokenizer, stopIds), grammars: new Map() };
    compiled.set(tokenizer, own);
  }
  return own;
}

function alternativesOf(format: CompletionFormat, calls: readonly CallForm[]): readonly FramedJson[] {
  switch (format.kind) {
    case 'json':
      return [{ before: '', schema: { type: 'object' }, after: '' }];
    case 'schema':
      return [{ before: '', schema: format.schema, after: '' }];
    case 'call': {
      const { name } = format;
      const own = name === undefined ? calls : calls.filter(call => call.name === name);
      if (own.length > 0) return own;
      const what = name === undefined ? 'there are no tools' : `there is no tool '${name.slice(0, 200)}'`;
      throw new WorkbenchError(
        'badRequest',
        `the answer should be a call, and ${what}`,
        'Send the tool with the request.',
      );
    }
  }
}
