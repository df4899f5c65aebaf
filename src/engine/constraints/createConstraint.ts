import type { BaseText } from '../../experiment/base.ts';
import type { TokenConstraint } from '../../nn/decode/constraint.ts';
import {
  type AnswerForm,
  type AnswerGrammar,
  answerGrammar,
  checkSize,
  jsonForm,
} from '../../nn/grammar/answerGrammar.ts';
import { createTokenConstraint } from '../../nn/grammar/tokenConstraint.ts';
import { createVocabulary, type Vocabulary } from '../../nn/grammar/vocabulary.ts';
import type { CallForm } from '../../nn/tokenizer/callForm.ts';
import type { Tokenizer } from '../../nn/tokenizer/tokenizer.ts';
import type { CompletionFormat } from '../../protocol/engine/completing.ts';
import { WorkbenchError } from '../../protocol/errors.ts';

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
 * Holds one answer to a format. `calls` is how tools are called, for a format that is a call.
 * Throws `unsupported` and `badRequest` as answerGrammar does, and `badRequest` for a tool that is not there.
 */
export async function createConstraint(
  text: BaseText,
  format: CompletionFormat,
  calls?: CallForm,
): Promise<TokenConstraint> {
  const { vocabulary, grammars } = compiledOf(text);
  const form = formOf(format, calls);
  for (const { schema } of form.values) checkSize(schema);
  const key = JSON.stringify(form);
  let grammar = grammars.get(key);
  if (!grammar || grammar.size() > largestGrammar) grammar = answerGrammar(vocabulary, form);
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

function formOf(format: CompletionFormat, calls: CallForm | undefined): AnswerForm {
  switch (format.kind) {
    case 'json':
      return jsonForm({ type: 'object' });
    case 'schema':
      return jsonForm(format.schema);
    case 'call': {
      const { name, several = false } = format;
      const values = (calls?.values ?? []).filter(call => name === undefined || call.name === name);
      if (calls && values.length > 0) {
        const { next, ...one } = calls;
        return { ...one, values, ...(several && next !== undefined && { next }) };
      }
      const what = name === undefined ? 'there are no tools' : `there is no tool '${name.slice(0, 200)}'`;
      throw new WorkbenchError(
        'badRequest',
        `the answer should be a call, and ${what}`,
        'Send the tool with the request.',
      );
    }
  }
}
