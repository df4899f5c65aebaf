import { Range, type TextDocument } from 'vscode';
import { type RecipeReading, readRecipe } from '../../recipe/parse.ts';
import { recipeLanguage } from '../contributions/editors.ts';

/** Recipes on disk: what they name is relative to a folder. */
export const recipeSelector = { language: recipeLanguage.id, scheme: 'file' };

const readings = new WeakMap<TextDocument, { version: number; reading: RecipeReading }>();

/** A recipe as it stands in the editor; read once for all that ask before the next keystroke. */
export function readingOf(document: TextDocument): RecipeReading {
  const known = readings.get(document);
  if (known?.version === document.version) return known.reading;
  const reading = readRecipe(document.getText());
  readings.set(document, { version: document.version, reading });
  return reading;
}

export function rangeIn(document: TextDocument, { start, end }: { start: number; end: number }): Range {
  return new Range(document.positionAt(start), document.positionAt(end));
}
