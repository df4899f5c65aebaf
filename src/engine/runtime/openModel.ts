import type { Base } from '../../experiment/base.ts';
import { linearGroups } from '../../nn/model/layout.ts';
import type { Device } from '../../protocol/device.ts';
import { createAdapterBank } from './adapterBank.ts';
import { onCpu, runOn } from './deviceUse.ts';
import { fallbackModel } from './fallbackModel.ts';
import { compileInference, type Model, modelOver, partsOf, type Recompiling } from './model.ts';

/**
 * The inference model of a base with an empty bank, on the device that is to be used; on the CPU where that fails. For a base that is
 * to answer alone, its graph reads no factors until the first expert is run.
 */
export async function openModel(base: Base, threads: number, use = onCpu, isAlone = false): Promise<Model> {
  const bank = createAdapterBank(linearGroups(base.config));
  const open = async (device: Device) => {
    const compile: Recompiling['compile'] = parts => compileInference(base, threads, device, parts);
    // A GPU would lose the caches that are in its memory when the graph is compiled anew for the first expert.
    const needed = partsOf(bank);
    const parts = { ...needed, adapted: needed.adapted || !isAlone || device !== 'cpu' };
    return modelOver(base, await compile(parts), bank, device, { threads, compile, parts });
  };
  const model = await runOn(use, open);
  return model.device === 'cpu' ? model : fallbackModel(model, use, () => open('cpu'));
}
