import { trainingBase } from '../../src/engine/training/int8Base.ts';
import { openTrainSessions, type TrainSessions } from '../../src/engine/training/trainBackend.ts';
import { loadBase } from '../../src/experiment/base.ts';
import { linearLayers } from '../../src/nn/model/layout.ts';
import { hyperVector } from '../../src/nn/train/adamw.ts';
import { assembleBatch } from '../../src/nn/train/assembleBatch.ts';
import type { Arithmetic } from '../../src/protocol/arithmetic.ts';
import { cacheFolder } from '../cacheFolder.ts';
import { serve } from '../serve.ts';
import type { TrainedSteps, TrainingCase } from '../trainingCase.ts';

// This project's training step, as `multi-lora train` takes it.
let job: TrainingCase;
let sessions: TrainSessions;
let step = 0;

await serve({
  async open(params: TrainingCase & { arithmetic?: Arithmetic }) {
    job = params;
    const { arithmetic = 'float' } = params;
    const stored = await loadBase(job.baseFolder);
    const base = await trainingBase(stored, arithmetic, { cacheFolder: cacheFolder('bases'), threads: job.threads });
    const targets = linearLayers(base.config).map(l => l.path);
    sessions = await openTrainSessions({
      base,
      experts: [{ name: 'e', rank: job.rank, targets, seed: job.seed, dropout: 0 }],
      accumulates: false,
      arithmetic,
      threads: job.threads,
    });
  },

  async steps({ count }: { count: number }): Promise<TrainedSteps> {
    const losses: number[] = [];
    const times: number[] = [];
    for (let i = 0; i < count; i++) {
      const rows = job.batches[step++ % job.batches.length]!;
      const started = performance.now();
      const examples = rows.map(row => ({
        ids: Int32Array.from(row),
        labels: Int32Array.from(row, (id, t) => (t < row.length - job.answer ? -100 : id)),
      }));
      const batch = assembleBatch([{ expert: 0, scaling: job.scaling, examples, share: 1 }], 1);
      const hyper = new Map([['e', hyperVector(job.settings, job.settings.learningRate, step)]]);
      const result = await sessions.step(batch, step, hyper);
      losses.push(result.losses[0]!);
      times.push(performance.now() - started);
    }
    return { losses, times };
  },
});
