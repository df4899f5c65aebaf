import type { BaseConfig } from '../../nn/model/config.ts';
import { linearLayers, linearNames } from '../../nn/model/layout.ts';

/** The linear layers that a base really has, with their sizes. */
export function targetTexts(config: BaseConfig): { name: string; detail: string }[] {
  const layers = linearLayers(config);
  return linearNames.flatMap(name => {
    const own = layers.filter(l => l.name === name);
    const [first] = own;
    return first ? [{ name, detail: `[${first.out}, ${first.in}], ${own.length} layers` }] : [];
  });
}
