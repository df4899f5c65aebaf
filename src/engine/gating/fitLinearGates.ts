import type { Base } from '../../experiment/base.ts';
import type { WorkWatch } from '../../experiment/workWatch.ts';
import { type ClassSums, discriminant } from '../../nn/gates/discriminant.ts';
import type { Adapter } from '../../nn/lora/adapter.ts';
import { gramOutputs } from '../../nn/merge/gramGraph.ts';
import { type LinearGroup, linearGroups } from '../../nn/model/layout.ts';
import type { LinearGates } from '../../nn/model/tokenGates.ts';
import { beginsHalf } from '../../nn/model/tokenGating.ts';
import type { EncodedExample } from '../../nn/train/assembleBatch.ts';
import { batchesOf, passesOf, readInputs } from '../merging/readInputs.ts';
import { readFloats } from '../runtime/session.ts';

export interface GateFit {
  base: Base;
  parts: { adapter: Adapter; examples: EncodedExample[] }[];
  threads: number;
  watch: WorkWatch;
}

/**
 * A linear gate for each half of a block, which tells from what its layers read whose text a token is of: a discriminant of
 * what they read of each expert's own examples, prompt and answer. First that with the expert itself; then, because gates that
 * are not yet sure mix the experts and what later layers read is another, that with the gates of the first pass. On the CPU;
 * the same examples give the same bits.
 *
 * @throws WorkbenchError `badRequest` where the inputs are not finite, and the reason of `watch` when it aborts
 */
export async function fitLinearGates(o: GateFit): Promise<LinearGates> {
  const { signal, progress } = o.watch;
  const half = (from: number) => ({
    signal,
    progress: (done: number, total: number) => progress?.(from * total + done, 2 * total),
  });
  const first = await discriminants({ ...o, watch: half(0) });
  return discriminants({ ...o, watch: half(1) }, first);
}

/** Gates by what layers read with each text's own expert, or with gates that choose among all. */
async function discriminants(o: GateFit, gates?: LinearGates): Promise<LinearGates> {
  const { base, parts } = o;
  const paths = new Set(parts.flatMap(({ adapter }) => [...adapter.modules.keys()]));
  const passes = passesOf(linearGroups(base.config).filter(beginsHalf));
  const batches = parts.map(({ examples }) => batchesOf(examples));
  const tokens = batches.map(own => own.reduce((sum, batch) => sum + batch.tokens, 0));
  const halves: LinearGates['halves'] = new Map();
  let sums = new Map<LinearGroup, ClassSums>();
  await readInputs({ ...o, paths, passes, batches, gates }, 'sum', {
    begin(pass) {
      sums = new Map(
        pass.map(group => {
          const means = parts.map(() => new Float64Array(group.in));
          return [group, { square: new Float64Array(group.in ** 2), means }];
        }),
      );
    },
    batch(out, expert) {
      const count = tokens[expert]!;
      for (const [group, { square, means }] of sums) {
        const gram = readFloats(out[gramOutputs.gram(group)]!);
        for (let i = 0; i < gram.length; i++) square[i]! += gram[i]! / (count * parts.length);
        const sum = readFloats(out[gramOutputs.sum(group)]!);
        const mean = means[expert]!;
        for (let i = 0; i < sum.length; i++) mean[i]! += sum[i]! / count;
      }
    },
    async end(pause) {
      for (const [group, own] of sums) {
        halves.set(group.name, discriminant(own));
        await pause();
      }
    },
  });
  return { kind: 'linear', experts: parts.map(({ adapter }) => adapter.name), halves };
}
