import { fileURLToPath } from 'node:url';
import { buildAll } from '../scripts/build/buildAll.mjs';
import { type EngineClient, startEngine } from '../src/client/engineClient.ts';

const path = (name: string) => fileURLToPath(new URL(`../${name}`, import.meta.url));
let built: Promise<void> | undefined;

/** Bundles the engine as it ships, once per bench. */
export function buildEngine(): Promise<void> {
  return (built ??= buildAll());
}

/** The engine process as it ships, over the embedded base; `more` are further arguments. */
export function startBuiltEngine(threads: number, more: string[] = []): EngineClient {
  return startEngine({
    failsWhenLost: true,
    enginePath: path('dist/engine.mjs'),
    args: ['--media', path('media'), '--threads', String(threads), ...more],
  });
}
