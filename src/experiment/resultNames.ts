import type { NameKind } from '../recipe/names.ts';

/** Where files of results name what a recipe names, as in `places` of `src/recipe/names.ts`. */
type NamePlaces = readonly (readonly [path: string, kinds: readonly NameKind[], on: 'key' | 'value'])[];

/** Tables and lists of systems say of which kind each is: see `isOther`. */
const systems: NameKind[] = ['expert', 'blend', 'merge'];

export const namesInResults = {
  trainingRecord: [
    ['expert', ['expert'], 'value'],
    ['curve.expert', ['expert'], 'value'],
  ],
  runRecord: [
    ['experts.*', ['expert'], 'value'],
    ['sets.*', ['set'], 'value'],
    ['learningRates.*', ['expert'], 'key'],
    ['result.adapters.*.name', ['expert'], 'value'],
  ],
  trainEvent: [
    ['expert', ['expert'], 'value'],
    ['experts.*', ['expert'], 'key'],
  ],
  checkpointHead: [
    ['origin.experts.*.name', ['expert'], 'value'],
    ['position.experts.*', ['expert'], 'key'],
    ['curves.*.expert', ['expert'], 'value'],
  ],
  scores: [
    ['*.expert', ['expert'], 'value'],
    ['*.set', ['set'], 'value'],
    ['*.trained.*', ['expert'], 'value'],
  ],
  sweep: [['expert', ['expert'], 'value']],
  outputs: [
    ['steps.*.step.experts.*', ['expert'], 'value'],
    ['steps.*.step.expert', ['expert', 'merge'], 'value'],
    ['steps.*.step.weights.*', ['expert'], 'key'],
    ['steps.*.step.blend', ['blend'], 'value'],
    ['steps.*.step.blends.*', ['blend'], 'value'],
    ['steps.*.step.merge', ['merge'], 'value'],
    ['steps.*.step.sets.*', ['set'], 'value'],
  ],
  report: [
    ['experts.*.name', ['expert'], 'value'],
    ['blends.*.name', ['blend'], 'value'],
    ['blends.*.weights.*', ['expert'], 'key'],
    ['merges.*.name', ['merge'], 'value'],
    ['merges.*.weights.*', ['expert'], 'key'],
    ['sets.*.name', ['set'], 'value'],
    ['sets.*.expert', ['expert'], 'value'],
    ['scores.*.system', systems, 'value'],
    ['scores.*.set', ['set'], 'value'],
    ['router.labels.*', ['expert'], 'value'],
    ['forgetting.experts.*.expert', ['expert'], 'value'],
    ['forgetting.experts.*.set', ['set'], 'value'],
    ['forgetting.sequential.order.*', ['expert'], 'value'],
    ['forgetting.sequential.stages.*.trainedOn', ['expert'], 'value'],
    ['forgetting.sequential.stages.*.correct.*', ['set'], 'key'],
    ['forgetting.sequential.stages.*.total.*', ['set'], 'key'],
    ['forgetting.sequential.forgotten.*', ['set'], 'key'],
    ['forgetting.generalText.losses.*.system', systems, 'value'],
    ['curves.*.expert', ['expert'], 'value'],
    ['examples.*.set', ['set'], 'value'],
    ['examples.*.system', ['expert'], 'value'],
    ['examples.*.route.*', ['expert'], 'key'],
  ],
} as const satisfies Record<string, NamePlaces>;

/** What of a recipe has another name than before. */
export interface Renamed {
  kind: NameKind;
  from: string;
  to: string;
}

/** Writes a name anew wherever a value of JSON has it, in the value itself; returns whether it has it at all. */
export function renameIn(json: unknown, places: NamePlaces, { kind, from, to }: Renamed): boolean {
  let isFound = false;
  const visit = (value: unknown, [part, ...rest]: string[], on: 'key' | 'value'): void => {
    if (typeof value !== 'object' || value === null || part === undefined) return;
    const object = value as Record<string, unknown>;
    const keys = part === '*' ? Object.keys(object) : Object.hasOwn(object, part) ? [part] : [];
    if (rest.length > 0) for (const key of keys) visit(object[key], rest, on);
    else if (on === 'value') {
      for (const key of keys) {
        if (object[key] !== from || isOther(object, kind)) continue;
        object[key] = to;
        isFound = true;
      }
    } else if (Object.hasOwn(object, from)) {
      // The others stay where they are.
      const entries = Object.entries(object);
      for (const [key] of entries) delete object[key];
      for (const [key, own] of entries) object[key === from ? to : key] = own;
      isFound = true;
    }
  };
  for (const [path, kinds, on] of places) if (kinds.includes(kind)) visit(json, path.split('.'), on);
  return isFound;
}

/** What says of itself that it is of another kind has the name by chance. */
function isOther(object: Record<string, unknown>, kind: NameKind): boolean {
  return systems.includes(kind) && typeof object.kind === 'string' && object.kind !== kind;
}
