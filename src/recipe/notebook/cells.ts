import type { ListItem, ListLayout } from './listText.ts';

/** A recipe as a notebook: its definitions, then its steps, each in the order of the file. */
export interface RecipeNotebook {
  frame: RecipeFrame;
  cells: RecipeCell[];
}

/** What a recipe's text has around its cells. */
export interface RecipeFrame {
  /** The first line break of the text. */
  eol: string;
  /** Up to where the first definition begins. */
  head: string;
  /** From the bracket behind the last definition. */
  tail: string;
  definitions: ListLayout;
  steps: StepsFrame;
}

export interface StepsFrame {
  /** The white space before the key; none where it is the first. */
  before?: string;
  /** The key and its bracket, with their comments. */
  open: string;
  layout: ListLayout;
  /** From the bracket behind the last step to the end of its line. */
  close: string;
  /** The recipe has the key; without it, it is written with the first step. */
  isThere: boolean;
}

export interface RecipeCell {
  /** `note` for Markdown; in JSON whether it is a definition or a step says the text itself. */
  kind: 'note' | 'json';
  /** Without a comma behind it. */
  text: string;
  /** What it was read from; a new cell has none. */
  origin?: CellOrigin;
}

/** An item of the recipe as it was read. */
export interface CellOrigin extends ListItem {
  indentation: string;
  /** A definition that is written behind the steps. */
  isAfterSteps?: boolean;
}
