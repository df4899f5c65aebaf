import { type ExtensionContext, window } from 'vscode';
import { createAnswers } from './host/ask/answers.ts';
import { askAboutSelection, askForTask } from './host/ask/askSelection.ts';
import { registerCodeActions } from './host/ask/codeActions.ts';
import { createExperts } from './host/ask/experts.ts';
import { createVirtualDocuments } from './host/ask/virtualDocuments.ts';
import { deleteFeedback, keepFeedback, openFeedback, type RatedAnswer } from './host/chat/feedback.ts';
import { openChat } from './host/chat/openChat.ts';
import { registerParticipant } from './host/chat/participant.ts';
import { createHostEngine, type HostEngine } from './host/hostEngine.ts';
import { registerInlineCompletions } from './host/inline/inlineCompletions.ts';
import { registerModels } from './host/models/modelProvider.ts';
import { createStatusBar } from './host/models/statusBar.ts';
import { switchExperts } from './host/models/switchExperts.ts';
import { createActiveRecipe } from './host/recipe/activeRecipe.ts';
import { selectRecipe } from './host/recipe/selectRecipe.ts';
import { registerCommands } from './host/registerCommands.ts';
import { createReport } from './host/report.ts';
import { engineSettingIds, engineSettings, onSettingChange } from './host/settings.ts';

let engine: HostEngine | undefined;

/** Called by the editor when the extension is first needed. Starts nothing: the engine comes with its first request. */
export function activate(context: ExtensionContext): void {
  const log = window.createOutputChannel('Multi-LoRA', { log: true });
  const report = createReport(log);
  engine = createHostEngine(context.extensionPath, engineSettings, log, report);
  const recipe = createActiveRecipe(context, engine, report);
  const experts = createExperts(engine, recipe, context.workspaceState);
  const answers = createAnswers();
  const routes = createVirtualDocuments('multi-lora-route');
  const chooseRecipe = () => selectRecipe(recipe);
  const { restart } = engine;
  context.subscriptions.push(
    log,
    recipe,
    experts,
    answers,
    routes,
    onSettingChange(engineSettingIds, restart),
    registerModels(experts, recipe),
    registerParticipant(experts, routes, report),
    registerCodeActions(),
    registerInlineCompletions(experts, log),
    createStatusBar(experts),
    ...registerCommands(
      {
        'multiLora.ask': () => askAboutSelection(experts, answers),
        'multiLora.explain': () => askForTask(experts, answers, 'explain'),
        'multiLora.document': () => askForTask(experts, answers, 'document'),
        'multiLora.writeTests': () => askForTask(experts, answers, 'writeTests'),
        'multiLora.answer.insert': answers.insert,
        'multiLora.answer.replace': answers.replace,
        'multiLora.answer.copy': answers.copy,
        'multiLora.answer.openAsFile': answers.openAsFile,
        'multiLora.openChat': openChat,
        'multiLora.switchExperts': () => switchExperts(experts, chooseRecipe),
        'multiLora.selectRecipe': chooseRecipe,
        'multiLora.rateAnswer': (rated: RatedAnswer, helpful: boolean) =>
          keepFeedback(rated, helpful, () => new Date()),
        'multiLora.openFeedback': openFeedback,
        'multiLora.deleteFeedback': deleteFeedback,
        'multiLora.restartEngine': restart,
        'multiLora.showLog': () => log.show(),
      },
      report,
    ),
  );
}

/** Called when the window closes: its engine ends with it. */
export function deactivate(): Promise<void> | undefined {
  return engine?.dispose();
}
