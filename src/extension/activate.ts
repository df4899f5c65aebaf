import { type ExtensionContext, type Uri, window } from 'vscode';
import type { Target } from '../protocol/target.ts';
import { registerMcpServer } from './agents/mcpServer.ts';
import { registerAgentTools } from './agents/tools.ts';
import { createAnswers } from './ask/answers.ts';
import { askHandlers, registerCodeActions } from './ask/askSelection.ts';
import { createExperts } from './ask/experts.ts';
import { createVirtualDocuments } from './ask/virtualDocuments.ts';
import { registerBlendLab } from './blend/blendLab.ts';
import { deleteFeedback, keepFeedback, openFeedback, type RatedAnswer } from './chat/feedback.ts';
import { askOfRecipe } from './chat/openChat.ts';
import { registerParticipant } from './chat/participant.ts';
import { askForServer, chooseServers } from './engines/askForServer.ts';
import { createEngineKeys } from './engines/engineKeys.ts';
import { registerInlineCompletions } from './inline/inlineCompletions.ts';
import { registerRecipeLanguage } from './language/registerRecipeLanguage.ts';
import { registerModels } from './languageModels/modelProvider.ts';
import { mergeHandlers } from './merge/mergeCommand.ts';
import { registerMinimumTests } from './minima/minimumTests.ts';
import { notebookHandlers, registerRecipeNotebooks } from './notebook/recipeNotebooks.ts';
import { createActiveRecipe } from './recipe/activeRecipe.ts';
import { registerReportEditor } from './report/reportEditor.ts';
import { createReviews } from './review/reviewChanges.ts';
import { createRunStatus } from './runs/runStatus.ts';
import { createRuns } from './runs/runs.ts';
import { createTrainingPlaces } from './runs/trainingPlaces.ts';
import { createServerCommands } from './server/serverCommands.ts';
import { createAllowedServers } from './services/allowedServers.ts';
import { createHostEngine, type HostEngine } from './services/hostEngine.ts';
import { createMessages } from './services/messages.ts';
import { registerCommands } from './services/registerCommands.ts';
import { engineSettingIds, engineSettings, onSettingChange } from './services/settings.ts';
import { createSidebar } from './sidebar/sidebar.ts';
import { startHandlers } from './start/startHandlers.ts';
import { createStatusBar } from './status/statusBar.ts';
import { switchExperts } from './status/switchExperts.ts';
import { createRunCommands } from './training/runCommands.ts';
import { registerTrainingPanels } from './training/trainingPanels.ts';

let engine: HostEngine | undefined;

/** Called by the editor when the extension is first needed. Starts nothing: the engine comes with its first request. */
export function activate(context: ExtensionContext): void {
  const log = window.createOutputChannel('Multi-LoRA', { log: true });
  const messages = createMessages(log);
  const engineKeys = createEngineKeys(context.secrets);
  const servers = createAllowedServers(context.workspaceState, askForServer);
  const started = createHostEngine(context.extensionPath, engineSettings, engineKeys.all, servers, log, messages);
  engine = started;
  const recipe = createActiveRecipe(context, engine, messages);
  const experts = createExperts(engine, recipe, context.workspaceState);
  const places = createTrainingPlaces(context.globalState);
  const runs = createRuns(engine, context.workspaceState, places);
  const training = createRunCommands(runs, engine, recipe, experts, messages, places);
  const sidebar = createSidebar({ engine, recipe, experts, runs, messages }, training);
  const answers = createAnswers();
  const server = createServerCommands(engine, recipe);
  const reviews = createReviews(experts, context.workspaceState);
  const routes = createVirtualDocuments('multi-lora-route');
  const view = { extensionUri: context.extensionUri, log };
  const blendLab = registerBlendLab(view, engine, runs, recipe);
  const trainingPanels = registerTrainingPanels({ ...training, context: view, engine, runs }, recipe);
  context.subscriptions.push(
    log,
    recipe,
    experts,
    runs,
    answers,
    server,
    reviews,
    routes,
    onSettingChange(engineSettingIds, engine.restartWhenIdle),
    registerModels(experts, recipe),
    registerParticipant(experts, reviews, routes, messages),
    registerMcpServer(context, servers),
    registerAgentTools({ engine, recipe, experts, runs, follow: training.follow }),
    registerCodeActions(experts),
    registerInlineCompletions(experts, log),
    createStatusBar(experts, engine),
    registerMinimumTests(engine, recipe),
    createRunStatus(runs),
    registerRecipeLanguage(context.extensionPath, runs, recipe, messages),
    registerRecipeNotebooks(engine, runs, messages),
    registerReportEditor(view),
    blendLab,
    trainingPanels,
    sidebar,
    ...registerCommands(
      {
        ...askHandlers(experts, answers),
        ...reviews.handlers,
        'multiLora.switchExperts': () => switchExperts(experts, recipe),
        ...training.handlers,
        ...mergeHandlers(engine, recipe),
        'multiLora.openBlendLab': blendLab.open,
        'multiLora.openTraining': trainingPanels.open,
        'multiLora.askOfRecipe': (named: Uri, choice: Target) => askOfRecipe(recipe, experts, named, choice),
        ...notebookHandlers,
        ...server.handlers,
        'multiLora.chooseServers': () => chooseServers(servers, recipe),
        'multiLora.rateAnswer': (rated: RatedAnswer, helpful: boolean) =>
          keepFeedback(rated, helpful, () => new Date()),
        'multiLora.openFeedback': openFeedback,
        'multiLora.deleteFeedback': deleteFeedback,
        ...startHandlers(context, engine, recipe, messages),
        ...sidebar.handlers,
        'multiLora.restartEngine': started.restart,
        'multiLora.showLog': () => log.show(),
      },
      messages,
    ),
  );
  void training.restore();
}

/** Called when the window closes: its engine ends with it. */
export function deactivate(): Promise<void> | undefined {
  return engine?.dispose();
}
