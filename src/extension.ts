import { type ExtensionContext, type Uri, window } from 'vscode';
import { createAnswers } from './host/ask/answers.ts';
import { askAboutSelection, askForTask } from './host/ask/askSelection.ts';
import type { Choice } from './host/ask/choice.ts';
import { registerCodeActions } from './host/ask/codeActions.ts';
import { createExperts } from './host/ask/experts.ts';
import { createVirtualDocuments } from './host/ask/virtualDocuments.ts';
import { deleteFeedback, keepFeedback, openFeedback, type RatedAnswer } from './host/chat/feedback.ts';
import { openChat } from './host/chat/openChat.ts';
import { registerParticipant } from './host/chat/participant.ts';
import { registerGates } from './host/gates/gateController.ts';
import { createHostEngine, type HostEngine } from './host/hostEngine.ts';
import { registerInlineCompletions } from './host/inline/inlineCompletions.ts';
import { registerModels } from './host/models/modelProvider.ts';
import { createStatusBar } from './host/models/statusBar.ts';
import { switchExperts } from './host/models/switchExperts.ts';
import { notebookHandlers } from './host/notebook/notebookCommands.ts';
import { registerRecipeNotebooks } from './host/notebook/recipeNotebooks.ts';
import { createActiveRecipe } from './host/recipe/activeRecipe.ts';
import { askOfRecipe } from './host/recipe/askOfRecipe.ts';
import { registerRecipeLanguage } from './host/recipe/language/registerRecipeLanguage.ts';
import { mergeExperts } from './host/recipe/mergeCommand.ts';
import { selectRecipe } from './host/recipe/selectRecipe.ts';
import { registerCommands } from './host/registerCommands.ts';
import { createReport } from './host/report.ts';
import { createReviews } from './host/review/reviewChanges.ts';
import { createRunCommands } from './host/runs/runCommands.ts';
import { createRunStatus } from './host/runs/runStatus.ts';
import { createRuns } from './host/runs/runs.ts';
import { engineSettingIds, engineSettings, onSettingChange } from './host/settings.ts';
import { createSidebar } from './host/sidebar/sidebar.ts';
import { startHandlers } from './host/start/startHandlers.ts';
import { registerViews } from './host/views/registerViews.ts';

let engine: HostEngine | undefined;

/** Called by the editor when the extension is first needed. Starts nothing: the engine comes with its first request. */
export function activate(context: ExtensionContext): void {
  const log = window.createOutputChannel('Multi-LoRA', { log: true });
  const report = createReport(log);
  const started = createHostEngine(context.extensionPath, engineSettings, log, report);
  engine = started;
  const recipe = createActiveRecipe(context, engine, report);
  const experts = createExperts(engine, recipe, context.workspaceState);
  const runs = createRuns(engine, context.workspaceState);
  const training = createRunCommands(runs, engine, recipe, experts, report);
  const sidebar = createSidebar({ engine, recipe, experts, runs, report }, training);
  const answers = createAnswers();
  const reviews = createReviews(experts);
  const routes = createVirtualDocuments('multi-lora-route');
  const view = { extensionUri: context.extensionUri, log };
  const views = registerViews({ context: view, engine, runs, active: recipe, follow: training.follow });
  context.subscriptions.push(
    log,
    recipe,
    experts,
    runs,
    answers,
    reviews,
    routes,
    onSettingChange(engineSettingIds, engine.restart),
    registerModels(experts, recipe),
    registerParticipant(experts, routes, report),
    registerCodeActions(),
    registerInlineCompletions(experts, log),
    createStatusBar(experts, engine),
    registerGates(engine, recipe),
    createRunStatus(runs),
    registerRecipeLanguage(context.extensionPath, runs, report),
    registerRecipeNotebooks(engine, runs, report),
    views,
    sidebar,
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
        ...reviews.handlers,
        'multiLora.openChat': openChat,
        'multiLora.switchExperts': () => switchExperts(experts, recipe),
        'multiLora.selectRecipe': () => selectRecipe(recipe),
        ...training.handlers,
        'multiLora.merge': (named?: Uri, name?: string) => mergeExperts(started, recipe, named, name),
        ...views.handlers,
        'multiLora.askOfRecipe': (named: Uri, choice: Choice) => askOfRecipe(recipe, experts, named, choice),
        ...notebookHandlers,
        'multiLora.rateAnswer': (rated: RatedAnswer, helpful: boolean) =>
          keepFeedback(rated, helpful, () => new Date()),
        'multiLora.openFeedback': openFeedback,
        'multiLora.deleteFeedback': deleteFeedback,
        ...startHandlers(context, engine),
        ...sidebar.handlers,
        'multiLora.restartEngine': started.restart,
        'multiLora.showLog': () => log.show(),
      },
      report,
    ),
  );
  void training.restore();
}

/** Called when the window closes: its engine ends with it. */
export function deactivate(): Promise<void> | undefined {
  return engine?.dispose();
}
