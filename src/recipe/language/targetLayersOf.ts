import { targetLayers } from '../../nn/lora/targetLayers.ts';
import type { BaseConfig } from '../../nn/model/config.ts';
import { loraSettings, type Recipe } from '../schema.ts';

/** The layers that an expert adapts, found once for all experts that have the recipe's targets. */
export function targetLayersOf(
  config: BaseConfig,
): (recipe: Recipe, expert: string) => ReturnType<typeof targetLayers> {
  const found = new Map<unknown, Map<unknown, ReturnType<typeof targetLayers>>>();
  return (recipe, expert) => {
    const own = recipe.experts[expert]?.lora;
    const written = own?.targets ?? recipe.lora.targets;
    const blocks = own?.layers ?? recipe.lora.layers;
    const ofTargets = found.get(written) ?? new Map<unknown, ReturnType<typeof targetLayers>>();
    found.set(written, ofTargets);
    let layers = ofTargets.get(blocks);
    if (!layers) {
      layers = targetLayers(config, {
        targets: written ?? loraSettings.shape.targets.parse(undefined),
        layers: blocks,
      });
      ofTargets.set(blocks, layers);
    }
    return layers;
  };
}
