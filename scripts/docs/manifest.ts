/** `npm run manifest`: writes package.json's part that src/extension/contributions says, and its texts as package.nls.json, and the extension's as l10n. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { globs } from '../../src/experiment/paths.ts';
import { languageModelTools, mcpProvider, skill } from '../../src/extension/contributions/agents.ts';
import { chatParticipant, modelVendor } from '../../src/extension/contributions/chat.ts';
import { type CommandContribution, submenus } from '../../src/extension/contributions/commandContribution.ts';
import { commands } from '../../src/extension/contributions/commands.ts';
import {
  cellLanguage,
  grammars,
  languages,
  notebook,
  notebookRenderer,
  recipeLanguage,
  reportEditor,
} from '../../src/extension/contributions/editors.ts';
import { panelType, panelViews } from '../../src/extension/contributions/panels.ts';
import { type SettingContribution, settingGroups, settings } from '../../src/extension/contributions/settings.ts';
import { viewContainer, views, viewsWelcome } from '../../src/extension/contributions/sidebar.ts';
import { walkthrough } from '../../src/extension/contributions/walkthrough.ts';
import { separateTexts } from './manifestTexts.ts';
import { translatableTexts } from './translatable.ts';

const category = 'Multi-LoRA';
const displayName = 'Multi-LoRA Workbench';
const about =
  'Train several LoRA experts on one frozen base model inside the editor, route each prompt to the right one or to a blend, merge them for good, and prove that nothing was forgotten.';
const fileBeside = (name: string) => fileURLToPath(new URL(`../../${name}`, import.meta.url));
const packageJson = fileBeside('package.json');
const packageTexts = fileBeside('package.nls.json');
const translations = './l10n';
const extensionTexts = fileBeside('l10n/bundle.l10n.json');

type Manifest = Record<string, unknown> & { contributes: Record<string, unknown> };

/** The manifest with the generated keys in place, and its texts; keys that nothing here speaks of stay as they are. */
export function withContributions(manifest: Manifest): { manifest: Manifest; texts: Record<string, string> } {
  const { manifest: separated, texts } = separateTexts(generated(manifest));
  return { manifest: { ...manifest, ...separated }, texts };
}

function generated(manifest: Manifest) {
  return {
    displayName,
    description: about,
    l10n: translations,
    qna: 'marketplace',
    // Commands, chat participants, models, tools and servers activate by themselves.
    activationEvents: [
      `workspaceContains:${globs.recipes}`,
      ...panelViews.map(view => `onWebviewPanel:${panelType(view)}`),
    ],
    capabilities: {
      untrustedWorkspaces: {
        supported: 'limited',
        description:
          'In a workspace that is not trusted, its recipes and settings start nothing; the base alone answers.',
        restrictedConfigurations: Object.entries<SettingContribution>(settings)
          .filter(([, s]) => s.restricted)
          .map(([id]) => `multiLora.${id}`),
      },
      virtualWorkspaces: {
        supported: false,
        description: 'The engine reads recipes, data and models from the disk.',
      },
    },
    contributes: { ...manifest.contributes, ...contributions() },
  };
}

function contributions(): Record<string, unknown> {
  const all = Object.entries<CommandContribution>(commands);
  const menus: Record<string, unknown[]> = {
    commandPalette: all.filter(([, c]) => c.palette).map(([command, c]) => ({ command, when: c.palette })),
  };
  for (const [command, c] of all)
    for (const { menu, when, group } of c.menus ?? []) (menus[menu] ??= []).push({ command, when, group });
  for (const { id, menu, when, group } of submenus) (menus[menu] ??= []).push({ submenu: id, when, group });
  return {
    submenus: submenus.map(({ id, label }) => ({ id, label })),
    commands: all.map(([command, { title, icon }]) => ({
      command,
      title,
      category,
      ...(icon && { icon: `$(${icon})` }),
    })),
    menus,
    keybindings: all.flatMap(([command, { key }]) => (key ? [{ command, ...key }] : [])),
    configuration: settingGroups.map(({ title, begins }) => ({
      title,
      properties: Object.fromEntries(
        Object.entries<SettingContribution>(settings)
          .filter(([id]) => begins.some(begin => id === begin || (begin.endsWith('.') && id.startsWith(begin))))
          .map(([id, { schema, default: value, description, scope }]) => [
            `multiLora.${id}`,
            { ...schema, default: value, markdownDescription: description, scope },
          ]),
      ),
    })),
    // Names, paths and values are strings, and are completed while they are typed.
    configurationDefaults: Object.fromEntries(
      [recipeLanguage.id, cellLanguage].map(id => [
        `[${id}]`,
        { 'editor.quickSuggestions': { strings: true }, 'editor.wordBasedSuggestions': 'off', 'editor.tabSize': 2 },
      ]),
    ),
    chatParticipants: [chatParticipant],
    languageModelChatProviders: [modelVendor],
    languageModelTools,
    mcpServerDefinitionProviders: [mcpProvider],
    chatSkills: [skill],
    languages,
    grammars,
    customEditors: [reportEditor],
    notebooks: [notebook],
    notebookRenderer: [notebookRenderer],
    viewsContainers: { activitybar: [viewContainer] },
    views: { [viewContainer.id]: views },
    viewsWelcome,
    walkthroughs: [walkthrough],
  };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const manifest = JSON.parse(readFileSync(packageJson, 'utf8')) as Manifest;
  const made = withContributions(manifest);
  writeFileSync(packageJson, `${JSON.stringify(made.manifest, null, 2)}\n`);
  writeFileSync(packageTexts, `${JSON.stringify(made.texts, null, 2)}\n`);
  mkdirSync(dirname(extensionTexts), { recursive: true });
  writeFileSync(extensionTexts, `${JSON.stringify(translatableTexts(), null, 2)}\n`);
  const biome = fileURLToPath(new URL('../../node_modules/@biomejs/biome/bin/biome', import.meta.url));
  execFileSync(process.execPath, [biome, 'format', '--write', packageJson, packageTexts, extensionTexts], {
    stdio: 'inherit',
  });
}
