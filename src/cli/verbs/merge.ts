import { resolve } from 'node:path';
import { methodSettings } from '../../nn/merge/mergeMethods.ts';
import type { MergeRequest, MergeResult } from '../../protocol/engine/merging.ts';
import { WorkbenchError } from '../../protocol/errors.ts';
import { fixedMethods, type MergeMethod, mergeMethods } from '../../protocol/mergeMethod.ts';
import { mergeDefaults } from '../../recipe/settings.ts';
import { fitText } from '../../text/mergeFit.ts';
import { type Arguments, parseAdapter } from '../console/arguments.ts';
import { basePath } from '../console/basePath.ts';
import type { Verb } from '../console/verb.ts';

export const mergeVerb: Verb = {
  name: 'merge',
  summary: 'Combines adapters for good, into one adapter or into a full copy of the base.',
  usage: [
    '--base BASE --adapter DIR=WEIGHT… --method M [--density D] [--rank R] [--majority-sign total|frequency] [--seed N] --out DIR [--into-base]',
    'RECIPE NAME [--out DIR] [--into-base]',
  ],
  options: {
    base: { value: 'BASE', description: "the base's folder or GGUF file (default: the embedded base)" },
    adapter: { value: 'DIR=WEIGHT', list: 'items', description: 'a PEFT folder and its weight' },
    method: {
      value: 'M',
      description: `${fixedMethods.join(', ')} (default: ${mergeDefaults.method}, which is exact)`,
    },
    density: { value: 'D', description: `share of entries that pruning keeps (default: ${mergeDefaults.density})` },
    rank: { value: 'R', description: 'rank of the result of the svd forms (default: the largest)' },
    'majority-sign': { value: 'HOW', description: 'how ties elects a sign: total (default) or frequency' },
    seed: { value: 'N', description: `seed of dare's masks (default: ${mergeDefaults.seed})` },
    out: { value: 'DIR', description: 'where the result goes' },
    'into-base': { description: 'write a full Hugging Face folder with the result merged into the base' },
  },
  positionals: [0, 2],
  examples: [
    '--base media/base --adapter runs/a=0.5 --adapter runs/b=0.5 --method ties --density 0.3 --out merged',
    'my.lora.json all --into-base --out full-model',
  ],

  async run({ args, terminal, json, engine }) {
    const result = await engine.request('merge', mergeParams(args), {
      onProgress({ message, done, total }) {
        if (!json) terminal.progress(`${message}  ${done}/${total}`);
      },
    });
    if (json) terminal.printJson(result);
    else {
      terminal.print(mergeLine(result));
      if (result.fit) terminal.print(fitText(result.fit));
    }
    return 0;
  },
};

export function mergeLine({ path, rank, relativeError }: MergeResult): string {
  if (relativeError === null)
    return `${path}  rank ${rank}; the exact weighted sum is 0, so there is no relative error`;
  return `${path}  rank ${rank}, relative error ${relativeError === 0 ? '0' : relativeError.toExponential(1)} against the exact weighted sum`;
}

function mergeParams(args: Arguments): MergeRequest {
  const [recipe, merge] = args.positionals;
  const out = args.text('out');
  const common = { out: out === undefined ? undefined : resolve(out), intoBase: args.flag('into-base') };
  if (recipe !== undefined) {
    if (merge === undefined)
      throw new WorkbenchError('badRequest', `which merge of ${recipe}?`, `Write: multi-lora merge ${recipe} NAME`);
    const fixed = ['base', 'adapter', 'method', 'density', 'rank', 'majority-sign', 'seed'].find(name =>
      args.given(name),
    );
    if (fixed)
      throw new WorkbenchError('badRequest', `the recipe says what the merge '${merge}' is; leave out --${fixed}`);
    return { recipe: resolve(recipe), merge, ...common };
  }
  const method = args.text('method');
  if (method !== undefined && !mergeMethods.includes(method as MergeMethod))
    throw new WorkbenchError(
      'badRequest',
      `there is no merge method '${method}'`,
      `There are: ${fixedMethods.join(', ')}.`,
    );
  checkSettings((method as MergeMethod | undefined) ?? mergeDefaults.method, args);
  const majoritySign = args.text('majority-sign');
  if (majoritySign !== undefined && majoritySign !== 'total' && majoritySign !== 'frequency')
    throw new WorkbenchError('badRequest', `--majority-sign is total or frequency, not '${majoritySign}'`);
  const adapters = (args.list('adapter') ?? []).map(given => parseAdapter(given, 'required'));
  if (adapters.length === 0)
    throw new WorkbenchError('badRequest', 'a merge needs at least one adapter', 'Add --adapter DIR=WEIGHT.');
  if (out === undefined) throw new WorkbenchError('badRequest', 'a merge needs a folder to write to', 'Add --out DIR.');
  return {
    base: basePath(args.text('base')),
    adapters: adapters.map(({ path, weight }) => ({ path: resolve(path), weight })),
    method: method as MergeMethod | undefined,
    density: args.number('density'),
    rank: args.number('rank'),
    majoritySign,
    seed: args.number('seed'),
    ...common,
  };
}

/** Throws `badRequest` for an option that the method does not read: it would be ignored silently. */
function checkSettings(method: MergeMethod, args: Arguments): void {
  const settings = { density: 'density', rank: 'rank', 'majority-sign': 'majoritySign', seed: 'seed' } as const;
  for (const [option, setting] of Object.entries(settings))
    if (args.given(option) && !methodSettings(method).includes(setting))
      throw new WorkbenchError(
        'badRequest',
        `--${option} has no effect on '${method}'`,
        `It is read by ${fixedMethods.filter(m => methodSettings(m).includes(setting)).join(', ')}.`,
      );
}
