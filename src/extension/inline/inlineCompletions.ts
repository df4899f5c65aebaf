import { type Disposable, InlineCompletionItem, type LogOutputChannel, languages, Range } from 'vscode';
import type { Experts } from '../ask/experts.ts';
import { expertFor } from '../ask/offered.ts';
import { languageName } from '../ask/tasks.ts';
import { withSignal } from '../services/cancellation.ts';
import { errorText, isCancellation } from '../services/messages.ts';
import { readSetting } from '../services/settings.ts';
import { type Suggester, suggest } from './suggest.ts';

/** Lines before the cursor that are looked at. */
const mostLines = 40;

/** Suggestions while typing, from the recipe's code expert; nothing is asked unless the user has turned them on. */
export function registerInlineCompletions(experts: Experts, log: LogOutputChannel): Disposable {
  return languages.registerInlineCompletionItemProvider([{ scheme: 'file' }, { scheme: 'untitled' }], {
    async provideInlineCompletionItems(document, { line, character }, _context, token) {
      if (!readSetting('inlineCompletions.enabled')) return [];
      const lines = document.getText(new Range(Math.max(0, line - mostLines), 0, line, character)).split('\n');
      const here = new Range(line, character, line, character);
      // Typing on cancels the token.
      return withSignal(token, signal => suggest(lines, languageName(document.languageId), suggester(), signal)).then(
        suggestion => (suggestion ? [new InlineCompletionItem(suggestion, here)] : []),
        error => {
          // A message for each keystroke would be worse than no suggestion.
          if (!isCancellation(error)) log.warn(`no suggestion: ${errorText(error)}`);
          return [];
        },
      );
    },
  });

  function suggester(): Suggester {
    return {
      rest: readSetting('inlineCompletions.delay'),
      async findExpert() {
        const expert = expertFor('code', (await experts.offer()).described);
        return expert?.isTrained ? expert.name : undefined;
      },
      async ask(prompt, name, signal) {
        const started = performance.now();
        let first: number | undefined;
        const onProgress = ({ kind }: { kind: string }) => {
          if (kind === 'text') first ??= performance.now() - started;
        };
        const settings = { maxTokens: readSetting('inlineCompletions.maxTokens') };
        const target = { kind: 'expert', name } as const;
        const question = { prompt, target, settings };
        const result = await experts.ask(await experts.offer(), question, { signal, onProgress });
        log.debug(`suggestion: ${first === undefined ? 'no text' : `first text after ${first.toFixed(0)} ms`}`);
        return result;
      },
    };
  }
}
