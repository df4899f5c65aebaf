import { rankOf, scalingOf } from '../../nn/lora/adapterConfig.ts';
import type { TrainedExpert } from '../../nn/train/trainGraph.ts';
import type { LoraSettings } from '../../recipe/schema.ts';

/** The scaling that the gate has in an expert's rows: that of layers that no pattern names. */
export function expertScaling({ rank, alpha, rslora }: Pick<LoraSettings, 'rank' | 'alpha' | 'rslora'>): number {
  return scalingOf({ rank, alpha, rslora }, '');
}

/** An expert as the graphs of training see it, from its settings. */
export function trainedExpert(
  name: string,
  lora: LoraSettings,
  targets: string[],
  { loraPlusRatio }: { loraPlusRatio?: number } = {},
): TrainedExpert {
  const { rank } = lora;
  const scaling = expertScaling(lora);
  const others = (of: (path: string) => number, same: number): Record<string, number> | undefined => {
    const entries = targets.map(path => [path, of(path)] as const).filter(([, value]) => value !== same);
    return entries.length > 0 ? Object.fromEntries(entries) : undefined;
  };
  return {
    name,
    rank,
    targets,
    ranks: others(path => rankOf(lora, path), rank),
    ratios: others(path => scalingOf(lora, path) / scaling, 1),
    dora: lora.dora ? { scaling } : undefined,
    bias: lora.bias === 'none' ? undefined : lora.bias,
    loraPlusRatio,
  };
}
