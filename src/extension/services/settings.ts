import { env, workspace } from 'vscode';
import { checkEndpoint, defaultEndpoint } from '../../hub/endpoint.ts';
import { type SettingId, type SettingValue, settings } from '../contributions/settings.ts';
import type { EngineSettings } from './hostEngine.ts';

const section = 'multiLora';

/** A setting's value now: nothing is read once and kept, so that a change needs no reload. */
export function readSetting<K extends SettingId>(id: K): SettingValue<K> {
  return workspace.getConfiguration(section).get<SettingValue<K>>(id, settings[id].default);
}

/** Calls back when one of these settings has changed. */
export function onSettingChange(ids: readonly SettingId[], listener: () => void) {
  return workspace.onDidChangeConfiguration(change => {
    if (ids.some(id => change.affectsConfiguration(`${section}.${id}`))) listener();
  });
}

/**
 * What opens the settings of the machine that computes. In a remote window that is the other one, which the user's own
 * settings do not reach. Its argument is `{ query }`.
 */
export function openMachineSettings(): string {
  return env.remoteName === undefined ? 'workbench.action.openSettings' : 'workbench.action.openRemoteSettings';
}

/** The decoding settings that are set; the rest is the recipe's. */
export function decodingSettings(): Record<string, number | boolean> {
  const names = ['temperature', 'topK', 'topP', 'repetitionPenalty', 'seed', 'maxTokens', 'thinking'] as const;
  return Object.fromEntries(
    names.flatMap(name => {
      const value = readSetting(`decoding.${name}`);
      return value === null ? [] : [[name, value]];
    }),
  );
}

/** What is set for the training of new experts, as their recipe says it. */
export function trainingSettings(): { lora: Record<string, number>; training: Record<string, number> } {
  const rank = readSetting('training.rank');
  const names = ['steps', 'batchSize', 'learningRate'] as const;
  const training = names.flatMap(name => {
    const value = readSetting(`training.${name}`);
    return value === null ? [] : [[name, value]];
  });
  return { lora: rank === null ? {} : { rank }, training: Object.fromEntries(training) };
}

export const engineSettingIds = [
  'threads',
  'device',
  'cacheFolder',
  'modelFolder',
  'memoryLimit',
] as const satisfies SettingId[];

/** What the engine's process is started with. */
export function engineSettings(): EngineSettings {
  return {
    threads: readSetting('threads'),
    device: readSetting('device'),
    cacheFolder: readSetting('cacheFolder'),
    modelFolder: readSetting('modelFolder'),
    memoryLimit: readSetting('memoryLimit'),
  };
}

/** Where models are downloaded from and through which proxy. Throws `badRequest` for an address that is none. */
export function hubSettings(): { endpoint: string; proxy: string | undefined } {
  const editor = workspace.getConfiguration('http');
  const editorProxy = editor.get('proxySupport') === 'off' ? undefined : editor.get<string>('proxy');
  return {
    endpoint: checkEndpoint(readSetting('hub.endpoint') || process.env.HF_ENDPOINT || defaultEndpoint),
    proxy: readSetting('hub.proxy') || editorProxy || undefined,
  };
}
