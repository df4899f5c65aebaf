/** The views beside the editors, and what they say where they are empty. */

export const viewContainer = { id: 'multiLora', title: 'Multi-LoRA', icon: 'media/activityBar.svg' } as const;

export const viewIds = {
  recipes: 'multiLora.recipes',
  experts: 'multiLora.experts',
  runs: 'multiLora.runs',
  bases: 'multiLora.bases',
} as const;

/** `size` is the share of the height where all are open. */
export const views = [
  { id: viewIds.recipes, name: 'Recipes', icon: viewContainer.icon, size: 1 },
  { id: viewIds.experts, name: 'Experts', icon: viewContainer.icon, size: 2 },
  { id: viewIds.runs, name: 'Runs', icon: viewContainer.icon, size: 2 },
  { id: viewIds.bases, name: 'Bases', icon: viewContainer.icon, size: 1 },
] as const;

type View = keyof typeof viewIds;

/** In the menu of a view's rows whose context has all of these words. */
export function rowMenu(view: View, words: string[], group: string) {
  const conditions = words.map(word => `viewItem =~ /\\b${word}\\b/`);
  return { menu: 'view/item/context', when: [`view == ${viewIds[view]}`, ...conditions].join(' && '), group } as const;
}

/** Above the rows of a view. */
export function titleMenu(view: View, group: string) {
  return { menu: 'view/title', when: `view == ${viewIds[view]}`, group } as const;
}

const trusted = 'isWorkspaceTrusted';
const hasRecipe = 'multiLora.hasRecipes';
const isBroken = 'multiLora.hasBrokenRecipe';
const link = (title: string, command: string) => `[${title}](command:${command})`;

/** Links are the titles of commands: those alone on a line are buttons. */
export const viewsWelcome = [
  // The button once, above the rest.
  ...views.map(({ id }, i) => ({
    view: id,
    when: `!${trusted}`,
    contents:
      i === 0
        ? `In restricted mode nothing of this workspace is read or run.\n${link('Manage Workspace Trust', 'workbench.trust.manage')}`
        : 'Shown once the workspace is trusted.',
  })),
  {
    view: viewIds.recipes,
    when: trusted,
    contents: `A recipe names a base, experts and the data they learn from. There is none in this workspace yet.\n${link('New Recipe…', 'multiLora.newRecipe')}\n${link('Open Example Workspace…', 'multiLora.openExamples')}\nOr begin with ${link('a walkthrough', 'multiLora.getStarted')}.`,
  },
  {
    view: viewIds.experts,
    when: `${trusted} && !${hasRecipe}`,
    contents: 'The experts of the active recipe are shown here. Begin with a recipe.',
  },
  {
    view: viewIds.experts,
    when: `${trusted} && ${hasRecipe} && ${isBroken}`,
    contents: `The recipe has problems: its experts answer when they are corrected.\n${link('Show Problems', 'workbench.actions.view.problems')}\n${link('Select Recipe…', 'multiLora.selectRecipe')}`,
  },
  {
    view: viewIds.experts,
    when: `${trusted} && ${hasRecipe} && !${isBroken}`,
    contents: `No recipe is active, or it names no experts.\n${link('Select Recipe…', 'multiLora.selectRecipe')}\n${link('Train Experts…', 'multiLora.train')}`,
  },
  {
    view: viewIds.runs,
    when: `${trusted} && !${hasRecipe}`,
    contents: 'Trainings and evaluations are shown here, those of other windows and of the command line too.',
  },
  {
    view: viewIds.runs,
    when: `${trusted} && ${hasRecipe}`,
    contents: `Nothing has been trained or evaluated yet.\n${link('Train Experts…', 'multiLora.train')}`,
  },
] as const;
