import { parseTree } from 'jsonc-parser';
import type { CheckOutput } from '../../protocol/notebookOutput.ts';
import { readRecipe } from '../parse.ts';

/** What a definition comes to in its recipe: its values with their defaults, or what is wrong with them. */
export function checkDefinition(recipeText: string, cellText: string): CheckOutput {
  const keys = (parseTree(`{${cellText}\n}`, [], { allowTrailingComma: true })?.children ?? []).map(property =>
    String(property.children?.[0]?.value),
  );
  const { parts, problems } = readRecipe(recipeText);
  const isHere = (where: string) =>
    keys.some(key => where === key || where.startsWith(`${key}.`) || where.startsWith(`${key}[`));
  return {
    kind: 'check',
    problems: problems.filter(p => isHere(p.where)).map(p => p.message),
    values: Object.fromEntries(keys.map(key => [key, parts?.[key as keyof typeof parts]])),
  };
}
