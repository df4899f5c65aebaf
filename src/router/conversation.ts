import type { Route, Router } from './router.ts';
import { functionWords, normalizeText, wordsOf } from './words.ts';

/** A prompt with more words than these stands for itself. */
const mostWords = 8;
const mostContent = 2;

/** Whether a prompt says so little that it can only be about what was said before it: 'And what about 15?'. */
function leansOnEarlier(prompt: string): boolean {
  const words = wordsOf(normalizeText(prompt));
  const content = words.filter(word => !functionWords.has(word) && !/^\p{N}/u.test(word));
  return words.length <= mostWords && content.length <= mostContent;
}

/**
 * The route of a conversation, by the newest prompt that says something: a change of subject is followed at once. One that
 * names no expert surely and leans on what was said is routed as the prompt before it, and so on.
 *
 * @param prompts of the user, the oldest first
 * @returns the route, and the prompt that it is of
 */
export function routeConversation(router: Router, prompts: readonly string[]): { route: Route; prompt: string } {
  const newest = prompts.at(-1)!;
  for (const prompt of prompts.toReversed()) {
    const route = router(prompt);
    if (route.expert !== undefined || !leansOnEarlier(prompt)) return { route, prompt };
  }
  return { route: router(newest), prompt: newest };
}
