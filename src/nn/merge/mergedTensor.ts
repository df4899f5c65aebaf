import { WorkbenchError } from '../../protocol/errors.ts';
import type { Adapter } from '../lora/adapter.ts';
import type { BaseConfig } from '../model/config.ts';
import type { WeightedAdapter } from './mergeError.ts';
import { mergeDelta, mergeOwn } from './mergeIntoBase.ts';

/*
 * Copies of a base with adapters merged in, tensor by tensor: of whatever the adapters have, and for every format that a copy
 * is written in.
 */

/** Whether a copy has an output layer of its own, where the base's is its embedding: one of them alone changes. */
export function unties({ tied, names }: Pick<BaseConfig, 'tied' | 'names'>, adapters: WeightedAdapter[]): boolean {
  const { embedding, head } = names;
  const isUntied = ({ modules, own }: Adapter) => {
    const trained = (path: string) => {
      const found = own?.get(`${path}.weight`);
      return found?.isCopy ? undefined : found;
    };
    if (modules.has(embedding) || modules.has(head) || trained(head)) return true;
    // Rows of single tokens are trained in both, as PEFT ties them.
    const whole = trained(embedding);
    return whole !== undefined && whole.rows === undefined;
  };
  return tied && adapters.some(({ adapter }) => isUntied(adapter));
}

/** The names that a tensor of the base has in a copy. */
export function namesInCopy(name: string, { names }: Pick<BaseConfig, 'names'>, untied: boolean): string[] {
  const [embedding, head] = [`${names.embedding}.weight`, `${names.head}.weight`];
  if (!untied) return [name];
  // An output layer that lies beside tied weights was never read.
  if (name === head) return [];
  return name === embedding ? [embedding, head] : [name];
}

/** A tensor of the base, and what adapters make of it, in its shape. */
export interface MergedTensor {
  before: Float32Array;
  merged: Float32Array;
  /** Whether some adapter has factors of it. */
  hasFactors: boolean;
}

/**
 * A tensor of a copy of the base: W + Σ wᵢ ΔWᵢ of factors, with magnitudes or without, and Σ wᵢ (Vᵢ − W) of what adapters have
 * whole.
 *
 * @param name in the copy
 * @param rows the size of its first axis
 * @param read the base's tensor; not called for a tensor that no adapter changes
 * @returns undefined for such a tensor
 * @throws WorkbenchError `mismatch` where factors do not have its size, or an adapter was trained on another tensor
 */
export function mergedTensor(
  name: string,
  rows: number,
  read: () => Float32Array,
  adapters: WeightedAdapter[],
): MergedTensor | undefined {
  const module = name.replace(/\.weight$/, '');
  const factors = adapters.flatMap(({ adapter, weight }) => {
    const found = name.endsWith('.weight') ? adapter.modules.get(module) : undefined;
    return found ? [{ ...found, weight }] : [];
  });
  const own = adapters.flatMap(({ adapter, weight }) => {
    const found = adapter.own?.get(name);
    return found ? [{ ...found, weight, adapter: adapter.name }] : [];
  });
  if (factors.length === 0 && own.length === 0) return undefined;
  const before = read();
  for (const { isCopy, data, adapter } of own) if (isCopy) checkCopy(name, data, before, adapter);
  const trained = own.filter(({ isCopy }) => !isCopy);
  const sum = factors.length > 0 ? mergeDelta(before, factors) : before;
  const merged = trained.length > 0 ? mergeOwn(sum, rows, trained) : sum;
  return { before, merged, hasFactors: factors.length > 0 };
}

/** A copy may have been saved in another format, of at least 8 significant bits. */
function checkCopy(name: string, copy: Float32Array, before: Float32Array, adapter: string): void {
  if (copy.every((x, i) => Math.abs(x - before[i]!) <= 2 ** -7 * Math.abs(before[i]!) + 1e-6)) return;
  throw new WorkbenchError(
    'mismatch',
    `Adapter ${adapter}: the ${name} that it was trained on is another than the base's; nothing was written`,
    'Was it trained for another base, or with added tokens?',
  );
}
