import type { EngineMethod } from '../../protocol/engine/engineApi.ts';
import type { RequestHandler } from '../workbench/request.ts';
import type { RequestQueue } from '../workbench/requestQueue.ts';
import { mergingLane as merging, modelLane as model, trainingLane as training } from './lanes.ts';

/** How a request is answered. */
export interface Request<M extends EngineMethod> {
  /** Loaded with its first request, and with it the runtime where it needs that. */
  load(): Promise<{ handle: RequestHandler<M> }>;
  /**
   * Requests of one lane are handled one after the other; those without a lane at once. What computes with the open model
   * takes its lane, what merges and what trains others.
   */
  lane?: RequestQueue;
  /** It takes long, and gives way to what somebody waits for (`giveWay`): all requests without it. */
  takesLong?: true;
}

/** Every request that the engine answers; its parameters and result are in `src/protocol/engine`. */
export const requestTable: { [M in EngineMethod]: Request<M> } = {
  doctor: { load: () => import('./doctor.ts') },
  engines: { load: () => import('./engines.ts'), takesLong: true },
  describe: { load: () => import('./describe.ts') },
  loaded: { load: () => import('./loaded.ts') },
  load: { load: () => import('./load.ts'), lane: model },
  unload: { load: () => import('./unload.ts'), lane: model },
  // These take the model's lane and go ahead themselves, where no engine elsewhere answers: it needs neither.
  ask: { load: () => import('./ask.ts'), takesLong: true },
  askAll: { load: () => import('./askAll.ts'), takesLong: true },
  complete: { load: () => import('./complete.ts'), takesLong: true },
  weigh: { load: () => import('./weigh.ts'), lane: model, takesLong: true },
  countTokens: { load: () => import('./countTokens.ts') },
  tokenize: { load: () => import('./tokenize.ts') },
  route: { load: () => import('./route.ts') },
  explainTokens: { load: () => import('./explainTokens.ts'), lane: model },
  train: { load: () => import('./train.ts'), lane: training, takesLong: true },
  sweep: { load: () => import('./sweep.ts'), lane: training, takesLong: true },
  plan: { load: () => import('./plan.ts') },
  previewData: { load: () => import('./previewData.ts') },
  checkpoints: { load: () => import('./checkpoints.ts') },
  promote: { load: () => import('./promote.ts') },
  merge: { load: () => import('./merge.ts'), lane: merging, takesLong: true },
  compareMerges: { load: () => import('./compareMerges.ts'), lane: merging, takesLong: true },
  findWeights: { load: () => import('./findWeights.ts'), lane: model, takesLong: true },
  compress: { load: () => import('./compress.ts'), lane: merging, takesLong: true },
  export: { load: () => import('./export.ts'), lane: merging, takesLong: true },
  trainElsewhere: { load: () => import('./trainElsewhere.ts'), takesLong: true },
  sweepElsewhere: { load: () => import('./sweepElsewhere.ts'), takesLong: true },
  importRun: { load: () => import('./importRun.ts'), takesLong: true },
  exportTraining: { load: () => import('./exportTraining.ts'), takesLong: true },
  evaluate: { load: () => import('./evaluate.ts'), lane: model, takesLong: true },
  measure: { load: () => import('./measure.ts'), lane: model, takesLong: true },
  score: { load: () => import('./score.ts'), lane: model, takesLong: true },
  download: { load: () => import('./download.ts'), takesLong: true },
  downloadDataset: { load: () => import('./downloadDataset.ts'), takesLong: true },
  modelFiles: { load: () => import('./modelFiles.ts'), takesLong: true },
  datasetSplits: { load: () => import('./datasetSplits.ts'), takesLong: true },
  listModels: { load: () => import('./listModels.ts') },
  removeModel: { load: () => import('./removeModel.ts') },
};
