import type { JSONPath } from 'jsonc-parser';
import type { AdapterConfig } from '../../nn/lora/adapterConfig.ts';
import type { AdapterOrigin } from '../../nn/lora/adapterOrigin.ts';
import { linearNames, linearNamesOf, outerNames } from '../../nn/model/layout.ts';
import type { PartProblem } from '../problem.ts';
import { type BaseFacts, type Checked, known, unreadable } from './recipeWorld.ts';

/** Whether adapters are there, and were made for this base. */
export function adapterProblems({ recipe, world }: Checked): PartProblem[] {
  const base = known(world.base);
  const ofFolder = (folder: string | undefined, path: JSONPath): PartProblem[] => {
    if (folder === undefined) return [];
    const fact = world.adapter(folder);
    const at = { path, on: 'value' as const };
    const reason = unreadable(fact)?.reason;
    if (reason) return [{ code: 'badAdapter', message: reason, ...at }];
    const facts = known(fact);
    if (!facts) return [];
    const found = [
      ...foreignTargets(facts.config.targetModules, base),
      ...onlyMerged(facts.config),
      ...otherOrigin(facts, base),
    ];
    return found.map(problem => ({ ...problem, ...at }));
  };
  return Object.entries(recipe.experts).flatMap(([name, { adapter, startFrom }]): PartProblem[] => {
    const start = ofFolder(startFrom, ['experts', name, 'startFrom']);
    if (adapter !== undefined) return [...ofFolder(adapter, ['experts', name, 'adapter']), ...start];
    const origin = world.trainedOn(name);
    const own = origin ? otherOrigin(origin, base) : [];
    return [...own.map(p => ({ ...p, path: ['experts', name], on: 'key' as const })), ...start];
  });
}

type Found = Pick<PartProblem, 'code' | 'message'>;

function foreignTargets(targets: string | string[] | undefined, base: BaseFacts | undefined): Found[] {
  // A single string is an expression that modules are matched with.
  if (!Array.isArray(targets)) return [];
  const known = base ? linearNamesOf(base.config) : linearNames;
  const names = targets.filter(t => !isOutside(t) && !known.some(n => t === n || t.endsWith(`.${n}`)));
  if (names.length === 0) return [];
  const list = names.map(n => `'${n}'`).join(', ');
  const message = `the adapter targets ${list}, which the base does not have; it has ${known.join(', ')}`;
  return [{ code: 'unknownTarget', message }];
}

/** What lies before and behind the blocks, where factors run in a copy of the base alone. */
function isOutside(target: string): boolean {
  return outerNames.includes(target.slice(target.lastIndexOf('.') + 1));
}

function onlyMerged({ targetModules, modulesToSave = [], tokenIndices = {} }: AdapterConfig): Found[] {
  const targets = Array.isArray(targetModules) ? targetModules.filter(isOutside) : [];
  const names = [...new Set([...targets, ...modulesToSave, ...Object.keys(tokenIndices)])];
  if (names.length === 0) return [];
  const message = `the adapter changes ${names.map(n => `'${n}'`).join(', ')}, which is exact in a copy of the base alone: multi-lora merge --adapter FOLDER=1 --into-base`;
  return [{ code: 'badAdapter', message }];
}

function otherOrigin({ baseHash, chatTemplate }: AdapterOrigin, base: BaseFacts | undefined): Found[] {
  return [...otherBase(baseHash, base), ...otherTemplate(chatTemplate, base)];
}

function otherBase(hash: string | undefined, base: BaseFacts | undefined): Found[] {
  if (!hash || !base?.hash || hash === base.hash) return [];
  const message = `trained on another base: the hash of its weights was ${hash.slice(0, 12)}…, this base has ${base.hash.slice(0, 12)}…`;
  return [{ code: 'otherBase', message }];
}

function otherTemplate(template: string | undefined, base: BaseFacts | undefined): Found[] {
  if (template === undefined || base === undefined || template.trim() === (base.chatTemplate ?? '').trim()) return [];
  const message = !base.chatTemplate
    ? 'trained with a chat template, the base has none'
    : template
      ? 'trained with another chat template than that of the base'
      : 'trained without a chat template, the base has one';
  return [{ code: 'otherTemplate', message }];
}
