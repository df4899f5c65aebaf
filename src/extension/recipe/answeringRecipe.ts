import type { CommandId } from '../contributions/commands.ts';

/** A recipe of the workspace: whether it has trained experts, or problems. */
export interface FoundRecipe {
  path: string;
  state: 'trained' | 'untrained' | 'broken';
}

/** Why none of them answers, and what to do about it. */
export interface NoneAnswers {
  why: string;
  remedies: CommandId[];
  /** Those that would have problems. */
  isBroken?: boolean;
}

/**
 * Which recipe answers where nobody has said it: the only one that is trained, else the only one without problems. Those
 * that have some hide no other; where they are listed, it is said of them.
 */
export function answeringRecipe(found: readonly FoundRecipe[]): string | NoneAnswers {
  const trained = found.filter(({ state }) => state === 'trained');
  const valid = found.filter(({ state }) => state !== 'broken');
  const [only] = trained.length > 0 ? trained : valid;
  if (only && (trained.length || valid.length) === 1) return only.path;
  if (found.length === 0)
    return {
      why: 'There is no recipe in this workspace. Begin with “New Recipe…” or “Open Example Workspace…”.',
      remedies: ['multiLora.newRecipe', 'multiLora.openExamples'],
    };
  if (trained.length > 1)
    return {
      why: `${trained.length} recipes of this workspace have trained experts. Select the one that answers.`,
      remedies: ['multiLora.selectRecipe'],
    };
  // What is wrong with the only one is told in full.
  if (found.length === 1) return found[0]!.path;
  if (valid.length === 0)
    return {
      why: `All ${found.length} recipes of this workspace have problems. Open one to see them.`,
      remedies: ['multiLora.selectRecipe'],
      isBroken: true,
    };
  return {
    why: `None of the ${valid.length} recipes of this workspace has trained experts. Train one with “Train Experts…”.`,
    remedies: ['multiLora.train', 'multiLora.selectRecipe'],
  };
}
