import { type Base, graphConfig } from '../../experiment/base.ts';
import { type Adapter, checkAdapterFits, isDora, rowFactor } from '../../nn/lora/adapter.ts';
import { linearLayers } from '../../nn/model/layout.ts';
import { buildNormGraph } from '../../nn/train/normGraph.ts';
import { expertGroup, expertLayers, factorName, type TrainedExpert } from '../../nn/train/trainGraph.ts';
import { readWeights } from './readWeights.ts';
import { createSession, floats, readFloats } from './session.ts';

/** What an expert does to the rows of a layer besides its factors. */
export interface RowEffect {
  /** [out]: W x is multiplied with it, and so is B; 1 in every row without it. */
  factor?: Float32Array;
  /** [out]: added to W x and the base's bias; 0 in every row without it. */
  offset?: Float32Array;
}

/**
 * The row effects of an adapter on a base, by module path, computed once: DoRA's factors m / ‖W + s B A‖ from the weights as
 * the base is computed with, quantised ones among them; how far trained biases are from the base's.
 *
 * @throws WorkbenchError as checkAdapterFits
 */
export async function rowEffects(base: Base, adapter: Adapter, threads: number): Promise<Map<string, RowEffect>> {
  checkAdapterFits(adapter, new Map(linearLayers(base.config).map(l => [l.path, l])));
  const effects = isDora(adapter) ? await magnitudeFactors(base, adapter, threads) : new Map<string, RowEffect>();
  for (const [path, offset] of await biasOffsets(base, adapter)) effects.set(path, { ...effects.get(path), offset });
  return effects;
}

async function biasOffsets(base: Base, { own = new Map() }: Adapter): Promise<Map<string, Float32Array>> {
  const names = [...own].flatMap(([name, { isCopy }]) => (isCopy ? [] : [name]));
  const read = await readWeights(base, names);
  return new Map(
    names.map(name => {
      const before = read.get(name)!;
      return [name.replace(/\.bias$/, ''), own.get(name)!.data.map((x: number, o: number) => x - before[o]!)];
    }),
  );
}

async function magnitudeFactors(base: Base, adapter: Adapter, threads: number): Promise<Map<string, RowEffect>> {
  const expert = expertOf(adapter);
  const graph = buildNormGraph(graphConfig(base), base.tensors, expert);
  // On the CPU whatever the device: once, and without a second copy of the weights in the device's memory.
  const session = await createSession(graph, { folder: base.folder, threads });
  try {
    const pieces = new Map(
      expert.targets.flatMap(path => {
        const { A, B } = adapter.modules.get(path)!;
        return [
          [factorName(path, 'A'), A.data],
          [factorName(path, 'B'), B.data],
        ] as const;
      }),
    );
    const { tensors } = expertGroup(base.config, expert);
    const flat = new Float32Array(tensors.reduce((sum, t) => sum + t.shape.reduce((a, b) => a * b, 1), 0));
    let at = 0;
    for (const { name, shape } of tensors) {
      const data = pieces.get(name);
      if (data) flat.set(data, at);
      at += shape.reduce((a, b) => a * b, 1);
    }
    const norms = readFloats((await session.run({ factors: floats(flat, [flat.length]) })).norms!);
    const effects = new Map<string, RowEffect>();
    let row = 0;
    for (const { path } of expertLayers(base.config, expert)) {
      const { magnitude } = adapter.modules.get(path)!;
      effects.set(path, { factor: magnitude!.map(m => rowFactor(m, norms[row++]!)) });
    }
    return effects;
  } finally {
    await session.dispose();
  }
}

/** An adapter as the graphs of training see it. */
function expertOf({ name, modules }: Adapter): TrainedExpert & { dora: { scaling: number } } {
  const entries = [...modules];
  const { A, scaling } = entries[0]![1];
  return {
    name,
    rank: A.rows,
    targets: [...modules.keys()],
    ranks: Object.fromEntries(entries.map(([path, m]) => [path, m.A.rows])),
    ratios: Object.fromEntries(entries.map(([path, m]) => [path, m.scaling / scaling])),
    dora: { scaling },
  };
}
