import { WorkbenchError } from '../../protocol/errors.ts';
import type { TokenConstraint } from '../decode/constraint.ts';
import type { Pushdown } from './pushdown.ts';

/**
 * An answer as a grammar says it. One of the stop tokens may be taken exactly where the answer may end.
 * `mask` throws `unsupported` where the vocabulary has no token for what has to come next.
 */
export function createTokenConstraint(pushdown: Pushdown, stopIds: readonly number[], words: number): TokenConstraint {
  let place = pushdown.first();
  let hasStopped = false;
  let isFilled = false;
  const highest = Math.max(-1, ...stopIds);
  const bits = new Int32Array(Math.max(words, (highest >> 5) + 1));
  return {
    mask() {
      if (isFilled) return bits;
      bits.fill(0);
      const canEnd = hasStopped || pushdown.canEnd(place);
      if (canEnd) for (const id of stopIds) bits[id >> 5]! |= 1 << (id & 31);
      if (!hasStopped) pushdown.addTokens(place, bits);
      if (bits.every(word => word === 0))
        throw new WorkbenchError(
          'unsupported',
          "the base's vocabulary has no token for what the answer must go on with",
          'Use a base with another tokenizer, or only characters in the schema that this one has.',
        );
      isFilled = true;
      return bits;
    },
    accept(id) {
      isFilled = false;
      if (stopIds.includes(id) && (hasStopped || pushdown.canEnd(place))) {
        hasStopped = true;
        return;
      }
      const next = hasStopped ? undefined : pushdown.after(place, id);
      if (!next)
        throw new WorkbenchError('runtime', `the token ${id} was taken, which the answer's format does not allow`);
      place = next;
    },
    get isComplete() {
      return hasStopped || pushdown.hasEnded(place);
    },
    dispose() {
      hasStopped = true;
    },
  };
}
