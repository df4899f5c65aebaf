import type { Adapter } from '../../nn/lora/adapter.ts';
import { runOn } from '../runtime/deviceUse.ts';
import { prepareExperts } from '../training/prepareExpert.ts';
import { trainedAdapter } from '../training/trainedAdapter.ts';
import { encodingOf, type OneAdapterOptions, trainOneAdapter } from './oneAdapter.ts';

/** Its name in the bank, which no expert can have. */
const jointName = '(all domains)';

/**
 * One adapter trained on the data of all experts at once, with the settings of the first: the control at equal data. It
 * takes the steps of all experts together where the recipe does not say how many.
 */
export async function trainJointly(o: OneAdapterOptions, experts: string[]): Promise<Adapter> {
  const prepared = await prepareExperts(o.experiment, o.base, experts, encodingOf(o));
  const [first] = prepared as [(typeof prepared)[number]];
  const all = prepared.reduce((sum, { job }) => sum + job.steps, 0);
  const steps = o.experiment.recipe.evaluation.joint?.steps ?? all;
  const train = prepared.flatMap(({ job }) => job.train);
  const job = { ...first.job, name: jointName, train, validation: [], steps, batches: undefined };
  const flat = await runOn(o.use, device => trainOneAdapter(o, { ...first, job }, device));
  return trainedAdapter(o.base, { ...first, name: jointName }, flat);
}
