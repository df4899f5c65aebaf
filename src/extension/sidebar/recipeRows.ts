import type { DescribeResult } from '../../protocol/engine/experts.ts';
import { listing, plural } from '../../text/numbers.ts';
import { inMarkdown } from '../../text/shown.ts';
import { joined, type TreeRow } from './treeRow.ts';

export interface ListedRecipe {
  path: string;
  /** The path as the workspace shows it. */
  shown: string;
  isActive: boolean;
  /** Of a recipe whose answers come from elsewhere: the engine, and whether it is there. */
  answering?: { name: string; isThere: boolean; message: string };
  /** What it offers; or why it can't be read. */
  described?: DescribeResult;
  problem?: string;
}

/** The recipes of a workspace, the active one marked. */
export function recipeRows(recipes: readonly ListedRecipe[]): TreeRow<string>[] {
  return recipes.map(({ path, shown, isActive, described, answering, problem }) => {
    const label = shown
      .split('/')
      .at(-1)!
      .replace(/\.lora\.json$/, '');
    const folder = shown.split('/').slice(0, -1).join('/');
    const trained = described?.experts.filter(e => e.isTrained) ?? [];
    const count = described && `${trained.length} of ${plural(described.experts.length, 'expert')} trained`;
    const engine = answering && `${answering.name} ${answering.isThere ? 'answers' : 'cannot answer'}`;
    const state = problem ? 'has problems' : isActive ? 'active' : undefined;
    return {
      id: path,
      label,
      description: joined(state, engine, count, folder),
      tooltip: [
        `**${inMarkdown(described?.name ?? label)}**${isActive ? ': its experts answer in this workspace' : ''}`,
        inMarkdown(shown),
        ...(problem ? [inMarkdown(problem)] : []),
        ...(answering ? [`Engine ${inMarkdown(answering.name)}: ${inMarkdown(answering.message)}`] : []),
        ...(described ? aboutRecipe(described) : []),
      ],
      icon: problem ? 'error' : isActive ? 'check' : 'file-code',
      colour: problem ? 'list.errorForeground' : isActive ? 'charts.green' : undefined,
      context: ['recipe', isActive ? 'active' : 'other', ...(trained.length > 0 ? ['trained'] : [])],
      spoken: [`recipe ${label}`, state, engine, count].filter(part => part).join(', '),
      about: path,
    };
  });
}

function aboutRecipe({ base, experts, blends, merges }: DescribeResult): string[] {
  const names = (list: readonly { name: string }[]) => listing(list.map(x => inMarkdown(x.name)));
  return [
    `Base: ${inMarkdown(base.name)} (${inMarkdown(base.architecture)})`,
    ...(experts.length > 0 ? [`Experts: ${names(experts)}`] : []),
    ...(blends.length > 0 ? [`Blends: ${names(blends)}`] : []),
    ...(merges.length > 0 ? [`Merges: ${names(merges)}`] : []),
  ];
}
