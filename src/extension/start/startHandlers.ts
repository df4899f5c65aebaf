import type { ExtensionContext } from 'vscode';
import { getBase } from '../bases/getBase.ts';
import { createHubTokens, removeToken, setToken } from '../bases/token.ts';
import type { HostEngine } from '../services/hostEngine.ts';
import { newRecipe } from './newRecipe.ts';
import { openExamples } from './openExamples.ts';
import { openWalkthrough } from './openWalkthrough.ts';

/** The commands that one begins with: the way, something to train, and a base to train it on. */
export function startHandlers({ extension, extensionPath, secrets }: ExtensionContext, engine: HostEngine) {
  const tokens = createHubTokens(secrets);
  return {
    'multiLora.getStarted': () => openWalkthrough(extension.id),
    'multiLora.newRecipe': newRecipe,
    'multiLora.openExamples': () => openExamples(extensionPath),
    'multiLora.getBase': () => getBase(engine, tokens, newRecipe),
    'multiLora.setToken': () => setToken(tokens),
    'multiLora.removeToken': () => removeToken(tokens),
  };
}
