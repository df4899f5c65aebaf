import { resolve } from 'node:path';
import { WorkbenchError } from '../../protocol/errors.ts';
import { parseAdapter } from '../console/arguments.ts';
import { basePath } from '../console/basePath.ts';
import { jsonLines } from '../console/jsonLines.ts';
import type { Verb } from '../console/verb.ts';

export const scoreVerb: Verb = {
  name: 'score',
  summary: 'Log-probability of every token of given texts, under a base and adapters.',
  usage: ['--model BASE [--adapter DIR[=WEIGHT]…] [--logits FILE] < ITEMS.jsonl'],
  options: {
    model: { value: 'BASE', description: "the base's folder or GGUF file, or 'embedded'" },
    adapter: { value: 'DIR[=WEIGHT]', list: 'items', description: 'a PEFT folder and its weight (default: 1)' },
    logits: {
      value: 'FILE',
      description: 'write the raw logits, F32 [seq, vocab], as logits.0, logits.1 … of a safetensors file',
    },
  },
  positionals: [0, 0],
  examples: [
    '--model media/base < texts.jsonl   # {"text": …} or {"ids": […]} a line',
    '--model embedded --adapter runs/a=0.5 --logits out.safetensors < texts.jsonl',
  ],

  async run({ args, terminal, json, engine, signal }) {
    const model = args.text('model');
    if (model === undefined) throw new WorkbenchError('badRequest', 'which model?', 'Add --model BASE.');
    const adapters = (args.list('adapter') ?? []).map(given => parseAdapter(given, 'optional'));
    const logits = args.text('logits');
    const items: ScoreItem[] = [];
    for await (const batch of jsonLines(process.stdin, signal))
      items.push(...batch.map(({ line, value }) => itemOf(value, line)));
    const result = await engine.request(
      'score',
      {
        model: basePath(model),
        adapters: adapters.map(({ path, weight }) => ({ path: resolve(path), weight })),
        items,
        logits: logits === undefined ? undefined : resolve(logits),
      },
      {
        onProgress({ done, total }) {
          if (!json) terminal.progress(`scored ${done}/${total}`);
        },
      },
    );
    for (const { ids, logProbabilities, total } of result.items) terminal.printJson({ ids, logProbabilities, total });
    return 0;
  },
};

type ScoreItem = { text: string } | { ids: number[] };

function itemOf(value: unknown, line: number): ScoreItem {
  const { text, ids } = (value ?? {}) as { text?: unknown; ids?: unknown };
  if (typeof text === 'string' && ids === undefined) return { text };
  if (Array.isArray(ids) && text === undefined && ids.every(id => Number.isInteger(id))) return { ids };
  throw new WorkbenchError('badData', `stdin:${line}: neither {"text": "…"} nor {"ids": [whole numbers]}`);
}
