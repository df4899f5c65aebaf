import { targetLayers } from '../../nn/lora/targetLayers.ts';
import type { BaseConfig } from '../../nn/model/config.ts';
import { loraSettings, type Recipe } from '../schema.ts';

/** The layers that an expert adapts, found once for all experts that have the recipe's targets. */
export function targetLayersOf(
  config: BaseConfig,
): (recipe: Recipe, expert: string) => ReturnType<typeof targetLayers> {
  const found = new Map<unknown, ReturnType<typeof targetLayers>>();
  return (recipe, expert) => {
    const written = recipe.experts[expert]?.lora?.targets ?? recipe.lora.targets;
    let layers = found.get(written);
    if (!layers) {
      layers = targetLayers(config, written ?? loraSettings.shape.targets.parse(undefined));
      found.set(written, layers);
    }
    return layers;
  };
}
