import { CodeAction, CodeActionKind, type Disposable, languages } from 'vscode';
import type { CommandId } from '../contributions/commands.ts';

const kind = CodeActionKind.RefactorRewrite.append('multiLora');

const offered: { title: string; command: CommandId }[] = [
  { title: 'Ask the experts…', command: 'multiLora.ask' },
  { title: 'Explain (experts)', command: 'multiLora.explain' },
  { title: 'Document (experts)', command: 'multiLora.document' },
  { title: 'Write tests (experts)', command: 'multiLora.writeTests' },
];

/** The commands on a selection, in the light bulb's menu. */
export function registerCodeActions(): Disposable {
  return languages.registerCodeActionsProvider(
    { scheme: '*' },
    {
      provideCodeActions(_document, range) {
        if (range.isEmpty) return [];
        return offered.map(({ title, command }) => {
          const action = new CodeAction(title, kind);
          action.command = { title, command };
          return action;
        });
      },
    },
    { providedCodeActionKinds: [kind] },
  );
}
