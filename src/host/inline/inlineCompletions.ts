import { setTimeout as delay } from 'node:timers/promises';
import { type Disposable, InlineCompletionItem, type LogOutputChannel, languages, Range } from 'vscode';
import { expertFor } from '../ask/choice.ts';
import type { Experts } from '../ask/experts.ts';
import { languageName } from '../ask/tasks.ts';
import { withSignal } from '../cancellation.ts';
import { errorText, isCancellation } from '../report.ts';
import { readSetting } from '../settings.ts';
import { completionPrompt, suggestionOf } from './completionPrompt.ts';

/** Suggestions while typing, from the recipe's code expert; nothing is asked unless the user has turned them on. */
export function registerInlineCompletions(experts: Experts, log: LogOutputChannel): Disposable {
  return languages.registerInlineCompletionItemProvider([{ scheme: 'file' }, { scheme: 'untitled' }], {
    async provideInlineCompletionItems(document, position, _context, token) {
      if (!readSetting('inlineCompletions.enabled')) return [];
      return withSignal(token, async signal => {
        // Typing on cancels the token: nothing reaches the engine until it rests.
        await delay(readSetting('inlineCompletions.delay'), undefined, { signal });
        const lines = document.getText(
          new Range(Math.max(0, position.line - 40), 0, position.line, position.character),
        );
        const asked = completionPrompt(lines.split('\n'), languageName(document.languageId));
        const expert = expertFor('code', (await experts.offer()).described);
        if (!asked || !expert?.isTrained || signal.aborted) return [];
        const started = performance.now();
        let first = 0;
        const { text, finish } = await experts.ask(
          {
            prompt: asked.prompt,
            choice: { kind: 'expert', name: expert.name },
            settings: { maxTokens: readSetting('inlineCompletions.maxTokens') },
          },
          {
            signal,
            onText: () => {
              first ||= performance.now() - started;
            },
          },
        );
        log.debug(`suggestion: first text after ${first.toFixed(0)} ms`);
        const suggestion = finish === 'cancelled' ? '' : suggestionOf(text, asked.before);
        return suggestion.trim() ? [new InlineCompletionItem(suggestion, new Range(position, position))] : [];
      }).catch(error => {
        // A message for each keystroke would be worse than no suggestion.
        if (!isCancellation(error)) log.warn(`no suggestion: ${errorText(error)}`);
        return [];
      });
    },
  });
}
