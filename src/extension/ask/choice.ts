import type { DescribeResult } from '../../protocol/engine/engineApi.ts';

/** Who is to answer. */
export type Choice =
  | { kind: 'auto' }
  | { kind: 'base' }
  | { kind: 'expert' | 'blend' | 'merge'; name: string }
  | { kind: 'weights'; weights: Record<string, number> };

export const auto: Choice = { kind: 'auto' };
export const base: Choice = { kind: 'base' };

/** A choice in one word, for settings, models and what is remembered: `auto`, `expert:math`, `weights:math=0.5,qa=0.5`. */
export function choiceId(choice: Choice): string {
  if (choice.kind === 'weights') return `weights:${weightsTable(choice.weights)}`;
  return 'name' in choice ? `${choice.kind}:${choice.name}` : choice.kind;
}

/** The choice that an identity stands for, or undefined where it stands for none. */
export function parseChoice(id: string): Choice | undefined {
  if (id === 'auto' || id === 'base') return { kind: id };
  const [, kind, rest] = /^(expert|blend|merge|weights):(.+)$/s.exec(id) ?? [];
  if (!kind || !rest) return undefined;
  if (kind !== 'weights') return { kind: kind as 'expert', name: rest };
  const weights = parseWeights(rest);
  return weights && { kind, weights };
}

/** `math=0.5, code=-0.2` as a table; undefined where it is none. */
export function parseWeights(text: string): Record<string, number> | undefined {
  const weights: Record<string, number> = {};
  for (const part of text.split(',')) {
    const [, name, value] =
      /^\s*([A-Za-z0-9][\w.-]*)\s*=\s*([-+]?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?)\s*$/i.exec(part) ?? [];
    if (!name || value === undefined) return undefined;
    weights[name] = Number(value);
  }
  return weights;
}

export function weightsTable(weights: Record<string, number>): string {
  return Object.entries(weights)
    .map(([name, weight]) => `${name}=${weight}`)
    .join(',');
}

/** What the engine is asked for it. */
export function choiceParams(choice: Choice): { expert?: string; blend?: string; weights?: Record<string, number> } {
  switch (choice.kind) {
    case 'blend':
      return { blend: choice.name };
    case 'weights':
      return { weights: choice.weights };
    case 'expert':
    case 'merge':
      return { expert: choice.name };
    default:
      return { expert: choice.kind };
  }
}

/** Whether a recipe has it, trained. */
export function isOffered(choice: Choice, { experts, blends, merges }: DescribeResult): boolean {
  switch (choice.kind) {
    case 'base':
      return true;
    case 'auto':
      return experts.some(e => e.isTrained);
    case 'expert':
      return experts.some(e => e.name === choice.name && e.isTrained);
    case 'blend':
      return blends.some(b => b.name === choice.name && b.isTrained);
    case 'merge':
      return merges.some(m => m.name === choice.name && m.isMade);
    case 'weights':
      return Object.entries(choice.weights).every(
        ([n, w]) => w === 0 || experts.some(e => e.name === n && e.isTrained),
      );
  }
}

/** Everything that a recipe offers to be asked. */
export function offeredChoices(described: DescribeResult): Choice[] {
  const all: Choice[] = [
    auto,
    base,
    ...described.experts.map((e): Choice => ({ kind: 'expert', name: e.name })),
    ...described.blends.map((b): Choice => ({ kind: 'blend', name: b.name })),
    ...described.merges.map((m): Choice => ({ kind: 'merge', name: m.name })),
  ];
  return all.filter(choice => isOffered(choice, described));
}

/** A choice as people read it. */
export function choiceLabel(choice: Choice): string {
  switch (choice.kind) {
    case 'auto':
      return 'Auto (routed)';
    case 'base':
      return 'Base';
    case 'weights':
      return weightsText(choice.weights);
    default:
      return choice.name;
  }
}

/** Weights from the largest, with two digits. */
export function weightsText(weights: Record<string, number>): string {
  const entries = Object.entries(weights).sort((a, b) => b[1] - a[1]);
  return entries.map(([name, weight]) => `${name} ${weight.toFixed(2)}`).join(' · ') || 'the base alone';
}

/** The expert for a domain: the one of that name, or else the first of that domain. */
export function expertFor(domain: string, { experts }: DescribeResult): DescribeResult['experts'][number] | undefined {
  return experts.find(e => e.name === domain) ?? experts.find(e => e.domain === domain);
}
