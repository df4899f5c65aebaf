import type { CommandId } from '../contributions/commands.ts';
import type { Offer } from '../recipe/activeRecipe.ts';

/** What can be done next, said below an answer, with a button for each command. */
export interface NextSteps {
  text: string;
  commands: readonly CommandId[];
}

/**
 * What comes next after an answer: what is missing, as long as it is missing; below the first answer of the example
 * experts, the way to one's own.
 */
export function nextSteps({ nothingTrained, remedies = [], isExample }: Offer, isFirst: boolean): NextSteps {
  if (nothingTrained) return { text: `The base answered alone. ${nothingTrained}`, commands: remedies };
  if (!isExample || !isFirst) return { text: '', commands: [] };
  return {
    text: 'These are the example experts that come with the extension. Train one of your own on a file of examples, look at how these were trained, or get a larger base model.',
    commands: ['multiLora.newRecipe', 'multiLora.openExamples', 'multiLora.getBase'],
  };
}
