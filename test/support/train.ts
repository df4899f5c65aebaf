import type { EngineClient } from '../../src/client/engineClient.ts';
import type { TrainEvent } from '../../src/protocol/trainEvents.ts';

/** Trains a recipe from its start; what the engine told on the way. */
export async function train(engine: EngineClient, recipe: string): Promise<TrainEvent[]> {
  const events: TrainEvent[] = [];
  await engine.request(
    'train',
    { recipe, resume: false },
    { onProgress: told => told.kind === 'event' && events.push(told.event) },
  );
  return events;
}
