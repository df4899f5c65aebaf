import { resolve } from 'node:path';
import { readAdapter } from '../../experiment/adapterFiles.ts';
import { loadBase } from '../../experiment/base.ts';
import { baseFolder } from '../../experiment/baseFolder.ts';
import { checkOutputFile, resultMark } from '../../experiment/checkOutput.ts';
import { writeFileAtomic } from '../../experiment/files.ts';
import { logProbability } from '../../nn/decode/divergence.ts';
import { encodeSafetensors, type TensorToWrite } from '../../nn/files/safetensors.ts';
import type { ScoreResult } from '../../protocol/engine/evaluating.ts';
import { WorkbenchError } from '../../protocol/errors.ts';
import { allLogits } from '../runtime/model.ts';
import { openModel } from '../runtime/openModel.ts';
import { giveWay } from '../runtime/precedence.ts';
import { type RequestHandler, watchFor } from '../workbench/request.ts';

/**
 * Log-probability of every token of given texts, under a model with given adapters. Throws `runtime` for logits that are
 * not finite: nothing is written or answered then.
 */
export const handle: RequestHandler<'score'> = async (workbench, request, call) => {
  const logits = request.logits && resolve(request.logits);
  if (logits) await checkOutputFile(logits, 'safetensors');
  const path = baseFolder(request.model, process.cwd(), workbench.mediaFolder);
  const base = await loadBase(path, { cacheFolder: workbench.cacheFolder, ...watchFor(call) });
  const paths = request.adapters.map(a => a.path);
  const adapters = await Promise.all(
    request.adapters.map(async (a, i) => ({
      // The bank tells adapters apart by name, and a folder may be given twice.
      adapter: await readAdapter(
        resolve(a.path),
        paths.indexOf(a.path) === i ? a.path : `${a.path}#${i}`,
        workbench.tell,
      ),
      weight: a.weight,
    })),
  );
  const model = await openModel(base, workbench.threads, await workbench.devices.use());
  try {
    for (const { adapter } of adapters) await model.load(adapter);
    const weights = Object.fromEntries(adapters.map(({ adapter, weight }) => [adapter.name, weight]));
    const { vocab, maxLength } = base.config;
    const items: ScoreResult['items'] = [];
    const kept: TensorToWrite[] = [];
    for (const [i, item] of request.items.entries()) {
      if (call.signal.aborted) break;
      const ids = item.ids ?? base.text().tokenizer.encode(item.text ?? '');
      checkIds(ids, vocab, maxLength, i);
      const values = await allLogits(model, ids, weights);
      checkFinite(values, vocab, i);
      const logProbabilities = ids
        .slice(1)
        .map((id, t) => logProbability(values.subarray(t * vocab, (t + 1) * vocab), id));
      items.push({ ids, logProbabilities, total: logProbabilities.reduce((a, b) => a + b, 0) });
      if (logits) kept.push({ name: `logits.${i}`, dtype: 'F32', shape: [ids.length, vocab], data: values });
      call.progress({ kind: 'work', message: 'scored', done: i + 1, total: request.items.length });
      await giveWay();
    }
    if (logits) {
      await checkOutputFile(logits, 'safetensors');
      await writeFileAtomic(logits, encodeSafetensors(kept, { format: 'pt', ...resultMark }));
    }
    return { items };
  } finally {
    await model.dispose();
  }
};

function checkIds(ids: number[], vocab: number, maxLength: number, item: number): void {
  const where = `item ${item}`;
  if (ids.length === 0) throw new WorkbenchError('badRequest', `${where} has no tokens`);
  if (ids.length > maxLength)
    throw new WorkbenchError('badRequest', `${where} has ${ids.length} tokens; the base's context holds ${maxLength}`);
  const bad = ids.find(id => !Number.isInteger(id) || id < 0 || id >= vocab);
  if (bad !== undefined)
    throw new WorkbenchError('badRequest', `${where}: ${bad} is not a token id; they go from 0 to ${vocab - 1}`);
}

function checkFinite(logits: Float32Array, vocab: number, item: number): void {
  const at = logits.findIndex(x => !Number.isFinite(x));
  if (at < 0) return;
  throw new WorkbenchError(
    'runtime',
    `item ${item}: the model's logits after token ${Math.floor(at / vocab) + 1} are infinite or not numbers; nothing was scored`,
    'The base may hold weights that are not finite, or an adapter may have diverged: lower its weight, or try the base alone.',
  );
}
