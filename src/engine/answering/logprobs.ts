import type { BaseText } from '../../experiment/base.ts';
import type { TokenLogprob } from '../../protocol/engine/completing.ts';

/** The probabilities of the tokens of one answer, as they are taken. */
export interface LogprobCollector {
  add(id: number, logits: Float32Array): void;
  /** Those since the last call. */
  take(): TokenLogprob[];
  all(): TokenLogprob[];
}

/** @param alternatives how many of the most probable tokens are told with each that is taken */
export function logprobCollector({ tokenizer, stopIds }: BaseText, alternatives: number): LogprobCollector {
  const collected: TokenLogprob[] = [];
  let taken = 0;
  const named = (id: number, logprob: number) => {
    const token = tokenizer.decode([id], { skipSpecialTokens: false });
    // Of half a character the text says nothing.
    return { token, bytes: [...tokenizer.bytesOf(id)], logprob };
  };
  return {
    add(id, logits) {
      // The token that ends an answer is none of its tokens.
      if (stopIds.includes(id)) return;
      const total = logSumExp(logits);
      const top = largest(logits, alternatives).map(i => named(i, logits[i]! - total));
      collected.push({ ...named(id, logits[id]! - total), top });
    },
    take() {
      const since = collected.slice(taken);
      taken = collected.length;
      return since;
    },
    all: () => collected,
  };
}

function logSumExp(logits: Float32Array): number {
  let max = Number.NEGATIVE_INFINITY;
  for (const x of logits) if (x > max) max = x;
  let sum = 0;
  for (const x of logits) sum += Math.exp(x - max);
  return max + Math.log(sum);
}

/** The places of the `count` largest, the largest first. */
function largest(values: Float32Array, count: number): number[] {
  const places: number[] = [];
  if (count === 0) return places;
  for (let i = 0; i < values.length; i++) {
    if (places.length === count && values[i]! <= (values[places.at(-1)!] ?? Number.NEGATIVE_INFINITY)) continue;
    const at = places.findIndex(place => values[place]! < values[i]!);
    places.splice(at < 0 ? places.length : at, 0, i);
    if (places.length > count) places.pop();
  }
  return places;
}
