import { getNodeValue, type Node } from 'jsonc-parser';
import { visibleText } from '../../protocol/visibleText.ts';
import { shortened } from '../../text/shown.ts';
import type { RecipeReading } from '../parse.ts';

/** A part of a recipe as an outline shows it. */
export interface OutlineItem {
  name: string;
  /** Beside the name: a value, or what a step says. */
  detail: string;
  kind: 'group' | 'expert' | 'blend' | 'merge' | 'set' | 'engine' | 'step' | 'setting';
  range: { start: number; end: number };
  /** Its key. */
  nameRange: { start: number; end: number };
  children: OutlineItem[];
}

const kinds: Record<string, OutlineItem['kind']> = {
  experts: 'expert',
  blends: 'blend',
  merges: 'merge',
  sets: 'set',
  engines: 'engine',
};

export function outlineOf({ root }: RecipeReading): OutlineItem[] {
  return root?.type === 'object' ? childrenOf(root, undefined) : [];
}

function childrenOf(node: Node, parent: string | undefined): OutlineItem[] {
  if (node.type === 'array') return parent === 'steps' ? (node.children ?? []).map(stepItem) : [];
  return (node.children ?? []).flatMap((property): OutlineItem[] => {
    const [key, value] = property.children ?? [];
    if (!key || !value || key.value === '') return [];
    const isGroup = value.type === 'object' || value.type === 'array';
    return [
      {
        name: visibleText(shortened(String(key.value))),
        detail: isGroup ? '' : short(value.value),
        kind: kinds[parent ?? ''] ?? (isGroup ? 'group' : 'setting'),
        range: rangeOf(property),
        nameRange: rangeOf(key),
        children: isGroup ? childrenOf(value, String(key.value)) : [],
      },
    ];
  });
}

function stepItem(node: Node, index: number): OutlineItem {
  const step: unknown = getNodeValue(node);
  const { do: verb, ...rest } = typeof step === 'object' && step !== null ? (step as Record<string, unknown>) : {};
  const range = rangeOf(node);
  const name = `${index + 1}. ${typeof verb === 'string' && verb !== '' ? verb : 'step'}`;
  return { name, detail: short(Object.values(rest)[0]), kind: 'step', range, nameRange: range, children: [] };
}

function short(value: unknown): string {
  if (value === undefined) return '';
  const list = Array.isArray(value) && value.every(item => typeof item === 'string');
  const text = typeof value === 'string' ? value : list ? value.join(', ') : JSON.stringify(value);
  const line = visibleText(text.split('\n', 1)[0]!.slice(0, 100));
  return line.length > 60 ? `${line.slice(0, 59)}…` : line;
}

function rangeOf({ offset, length }: Node): { start: number; end: number } {
  return { start: offset, end: offset + length };
}
