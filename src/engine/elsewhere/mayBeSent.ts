import { serverNotAllowedCode, WorkbenchError } from '../../protocol/errors.ts';
import type { Recipe } from '../../recipe/schema.ts';
import { isLoopback } from '../hub/addresses.ts';
import type { Workbench } from '../workbench/workbench.ts';

/**
 * Whether prompts may be sent to an engine that a recipe names; that of this machine always. `servers` are the origins that the
 * user has allowed; without them whoever asks may send anywhere, and where is said once.
 * @throws WorkbenchError `denied`, with a problem `serverNotAllowed` whose `where` is the origin
 */
export function mayBeSent(
  workbench: Pick<Workbench, 'tell'>,
  { engines }: Pick<Recipe, 'engines'>,
  name: string,
  servers: readonly string[] | undefined,
): void {
  const engine = Object.hasOwn(engines, name) ? engines[name] : undefined;
  if (!engine) return;
  const { origin, hostname } = new URL(engine.url);
  if (isLoopback(hostname)) return;
  if (servers === undefined) workbench.tell(`prompts and adapters go to ${origin}, the engine '${name}' of the recipe`);
  if (servers?.includes(origin) ?? true) return;
  const message = `prompts would go to ${origin}, the engine '${name}' of the recipe, which nobody has allowed`;
  throw new WorkbenchError(
    'denied',
    message,
    `Allow it: in the editor with “Multi-LoRA: Servers That Get Prompts…”, else with --allow-server ${origin}. Or let this machine answer: "answering": "local".`,
    [{ code: serverNotAllowedCode, severity: 'error', where: origin, message }],
  );
}
