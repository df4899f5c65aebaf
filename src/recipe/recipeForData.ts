import { dataText, type ExpertData, setText } from './expertData.ts';
import { reservedNames } from './names.ts';

/** What a recipe for a start says besides its data. */
export interface StartSettings {
  /** Names of the experts, one for each of the data. */
  names?: readonly string[];
  lora?: Record<string, number>;
  training?: Record<string, number>;
}

/** A recipe for a start: one expert for each of the data, and its held-out set where there is one; the rest as it is by default. Paths are relative to the recipe. */
export function recipeForData(
  name: string,
  base: string,
  data: readonly ExpertData[],
  { names = expertNames(data.map(({ train }) => train)), lora = {}, training = {} }: StartSettings = {},
): string {
  const experts = names.map((expert, i) => `    ${JSON.stringify(expert)}: { "data": ${dataText(data[i]!)} }`);
  const sets = names.flatMap((expert, i) =>
    data[i]!.heldOut === undefined ? [] : [`      ${JSON.stringify(expert)}: ${setText(expert, data[i]!)}`],
  );
  const evaluation = sets.length > 0 ? `,\n  "evaluation": {\n    "sets": {\n${sets.join(',\n')}\n    }\n  }` : '';
  const factors = Object.keys(lora).length > 0 ? `\n  "lora": ${inline(lora)},` : '';
  return `{
  "version": 1,
  "name": ${JSON.stringify(name)},
  // Stays frozen: experts learn beside it.
  "base": ${JSON.stringify(base)},${factors}
  // A start; "epochs" counts in passes over the data instead.
  "training": ${inline({ steps: 200, ...training })},
  "experts": {
${experts.join(',\n')}
  }${evaluation}
}
`;
}

function inline(settings: Record<string, number>): string {
  return `{ ${Object.entries(settings)
    .map(([key, value]) => `"${key}": ${value}`)
    .join(', ')} }`;
}

/**
 * Names for the experts of data: after the file, or after its folder where that says more; after a dataset of the hub
 * without its configuration and split.
 */
export function expertNames(dataFiles: readonly string[]): string[] {
  const taken = new Set(reservedNames);
  return dataFiles.map(path => {
    const [file = '', folder] = path.split('/').reverse();
    const isOfHub = file.includes(':');
    const stem = isOfHub ? file.replace(/:.*/, '') : file.replace(/\.gz$/i, '').replace(/\.[^.]*$/, '');
    const own = /^(train|training|data|examples)$/i.test(stem) && folder ? folder : stem;
    const name = own.replace(/[^A-Za-z0-9_.-]+/g, '-').replace(/^[^A-Za-z0-9]+|-+$/g, '') || 'expert';
    let free = name;
    for (let i = 2; taken.has(free); i++) free = `${name}-${i}`;
    taken.add(free);
    return free;
  });
}
