import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import { commands, extensions, lm, window } from 'vscode';
import { type Note, runSuite } from './suite.ts';
import { leastBlocked, longestBlock, watchHost, watchText } from './watchHost.ts';

export function run(): Promise<void> {
  return runSuite({
    async 'the host is never blocked while a long diff is reviewed'(note: Note) {
      // The engine is started by the first question, and the git extension by the window: both are another matter.
      await extensions.getExtension('vscode.git')!.activate();
      await lm.selectChatModels({ vendor: 'multi-lora' });
      const idle = await watchHost(delay(2000));
      const started = performance.now();
      const review = await leastBlocked(() => commands.executeCommand('multiLora.review.changes'));
      note(`${((performance.now() - started) / 1000).toFixed(0)} s; ${watchText(review, idle)}`);
      assert.ok(review.computed < longestBlock, watchText(review, idle));
      await commands.executeCommand('multiLora.review.showSummary');
      const summary = window.visibleTextEditors
        .map(e => e.document.getText())
        .find(text => text.startsWith('# Review'))!;
      note(summary.replace(/\n+/g, ' · '));
      const [, reviewed, all] = /(\d+) of (\d+) new lines in/.exec(summary)!;
      assert.equal(reviewed, all);
    },
  });
}
