import { recipeEnding, reportFile } from '../../experiment/paths.ts';
import { outputMime } from '../../protocol/outputMime.ts';

/** Recipes as notebooks, and the language of their cells: a part of a recipe. */
export const notebookType = 'lora-recipe-notebook';
export const cellLanguage = 'lora-recipe-cell';

/** Recipes as a language. */
export const recipeLanguage = {
  id: 'lora-recipe',
  aliases: ['LoRA Recipe'],
  extensions: [recipeEnding],
  configuration: './syntaxes/lora-recipe.language-configuration.json',
  icon: { light: './media/recipe-light.svg', dark: './media/recipe-dark.svg' },
} as const;

/** Text stays the default editor: other programs write reports too. */
export const reportEditor = {
  viewType: 'multiLora.report',
  displayName: 'Multi-LoRA Report',
  selector: [{ filenamePattern: reportFile }],
  priority: 'option',
} as const;

/** Text stays the default editor of recipes. */
export const notebook = {
  type: notebookType,
  displayName: 'LoRA Recipe Notebook',
  selector: [{ filenamePattern: `*${recipeEnding}` }],
  priority: 'option',
} as const;

export const notebookRenderer = {
  id: 'multi-lora-step',
  displayName: 'Multi-LoRA Step',
  entrypoint: './dist/webview/notebook.js',
  mimeTypes: [outputMime],
  requiresMessaging: 'never',
} as const;

export const languages = [
  recipeLanguage,
  {
    id: cellLanguage,
    aliases: ['LoRA Recipe Cell'],
    configuration: './syntaxes/lora-recipe.language-configuration.json',
  },
] as const;

export const grammars = [
  { language: recipeLanguage.id, scopeName: 'source.lora-recipe', path: './syntaxes/lora-recipe.tmLanguage.json' },
  { language: cellLanguage, scopeName: 'source.lora-recipe-cell', path: './syntaxes/lora-recipe-cell.tmLanguage.json' },
] as const;
