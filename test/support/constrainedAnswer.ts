import type { TokenConstraint } from '../../src/nn/decode/constraint.ts';
import { createSampler } from '../../src/nn/decode/sample.ts';
import { Random } from '../../src/nn/tensor/random.ts';
import type { Tokenizer } from '../../src/nn/tokenizer/tokenizer.ts';

/**
 * An answer of a model that knows nothing: random logits, with those of some bytes higher after a while, so that strings
 * and lists come to an end. Undefined where it is cut after `most` tokens.
 */
export function constrainedAnswer(
  constraint: TokenConstraint,
  { tokenizer, stopIds }: { tokenizer: Tokenizer; stopIds: readonly number[] },
  seed: number,
  most = 400,
): { text: string; ids: number[]; isWhole: boolean } {
  const random = new Random(seed);
  const sample = createSampler({ temperature: 1, topK: 0, topP: 1, repetitionPenalty: 1, seed });
  const logits = new Float32Array(tokenizer.vocabSize + 3);
  const ends = [...'"]}0'].map(character => tokenizer.idOf(character)!);
  const ids: number[] = [];
  for (let i = 0; i < most; i++) {
    for (let id = 0; id < logits.length; id++) logits[id] = 6 * random.uniform();
    const late = Math.min(20, i / 6);
    for (const id of [...ends, ...stopIds]) logits[id]! += late;
    const id = sample(logits, ids, constraint.mask());
    constraint.accept(id);
    if (stopIds.includes(id)) return { text: tokenizer.decode(ids), ids, isWhole: true };
    ids.push(id);
  }
  return { text: tokenizer.decode(ids), ids, isWhole: false };
}
