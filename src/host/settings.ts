import { workspace } from 'vscode';
import { type SettingId, type SettingValue, settings } from './contributions.ts';
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

/** The decoding settings that are set; the rest is the recipe's. */
export function decodingSettings(): Record<string, number> {
  const names = ['temperature', 'topK', 'topP', 'repetitionPenalty', 'seed', 'maxTokens'] as const;
  return Object.fromEntries(
    names.flatMap(name => {
      const value = readSetting(`decoding.${name}`);
      return value === null ? [] : [[name, value]];
    }),
  );
}

export const engineSettingIds = ['threads', 'device', 'cacheFolder', 'modelFolder'] as const satisfies SettingId[];

/** What the engine's process is started with. */
export function engineSettings(): EngineSettings {
  return {
    threads: readSetting('threads'),
    device: readSetting('device'),
    cacheFolder: readSetting('cacheFolder'),
    modelFolder: readSetting('modelFolder'),
  };
}
