import { type ExtensionContext, type LogOutputChannel, window } from 'vscode';

/** Called by the editor when the extension is first needed. */
export function activate(context: ExtensionContext): void {
  const log: LogOutputChannel = window.createOutputChannel('Multi-LoRA', { log: true });
  context.subscriptions.push(log);
}
