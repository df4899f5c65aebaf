import {
  type ChatContext,
  type ChatRequest,
  ChatRequestTurn,
  ChatResponseMarkdownPart,
  type ChatResponseStream,
  ChatResponseTurn,
  type ChatResult,
  ChatResultFeedbackKind,
  chat,
  Disposable,
  l10n,
  MarkdownString,
  ThemeIcon,
  commands as vscodeCommands,
} from 'vscode';
import type { AskResult, ChatTurn } from '../../protocol/engine/asking.ts';
import type { RouteResult } from '../../protocol/route.ts';
import type { Target } from '../../protocol/target.ts';
import { demonstrationText, refusalText } from '../../text/demonstration.ts';
import { inMarkdown } from '../../text/shown.ts';
import { targetLabel, weightsText } from '../../text/target.ts';
import type { Experts } from '../ask/experts.ts';
import { expertFor } from '../ask/offered.ts';
import { outsideText, weightsOfTarget } from '../ask/outside.ts';
import { routeLine, routePage } from '../ask/routeText.ts';
import { languageName } from '../ask/tasks.ts';
import type { VirtualDocuments } from '../ask/virtualDocuments.ts';
import { type ChatCommand, chatParticipant, domainCommands, lackedDomain, modelVendor } from '../contributions/chat.ts';
import { type CommandId, commands } from '../contributions/commands.ts';
import { targetOf } from '../languageModels/modelProvider.ts';
import type { Offer } from '../recipe/activeRecipe.ts';
import { withSignal } from '../services/cancellation.ts';
import { errorText, isCancellation, type Messages } from '../services/messages.ts';
import { readSetting } from '../services/settings.ts';
import { createAnswerMarkdown } from './answerMarkdown.ts';
import { chatPrompt, followupsFor } from './chatPrompt.ts';
import { keepFeedback, type RatedAnswer } from './feedback.ts';
import { nextSteps } from './nextSteps.ts';
import { attachedContext, withoutHashes } from './references.ts';
import { type Reviews, reviewInChat } from './reviewInChat.ts';

/** A base with a smaller window than this was hardly trained on conversations: it gets the question alone. */
const smallestWindowForHistory = 1024;

/** `@experts` of the chat view. */
export function registerParticipant(
  experts: Experts,
  reviews: Reviews,
  documents: VirtualDocuments,
  messages: Messages,
): Disposable {
  const participant = chat.createChatParticipant(chatParticipant.id, (request, context, stream, token) =>
    withSignal(token, signal => answer(experts, reviews, documents, request, context, stream, signal)).catch(error => {
      if (isCancellation(error) || token.isCancellationRequested) return {};
      return { errorDetails: { message: errorText(error) } };
    }),
  );
  participant.iconPath = new ThemeIcon('mortar-board');
  const followRecipe = experts.onDidChange(() => offerCommands(experts.known()));
  participant.followupProvider = {
    async provideFollowups(result) {
      const rated = result.metadata?.rated as RatedAnswer | undefined;
      const question = result.metadata?.question as string | undefined;
      if (!rated || !question) return [];
      return followupsFor(question, rated.weights, (await experts.offer()).described);
    },
  };
  participant.onDidReceiveFeedback(({ result, kind }) => {
    const rated = result.metadata?.rated as RatedAnswer | undefined;
    if (rated) keepFeedback(rated, kind === ChatResultFeedbackKind.Helpful, () => new Date()).catch(messages.error);
  });
  return Disposable.from(participant, followRecipe);
}

/** The menu of slash commands has those of a domain where an expert for it is trained. */
function offerCommands(offer: Offer | undefined): void {
  if (!offer) return;
  for (const domain of domainCommands)
    void vscodeCommands.executeCommand(
      'setContext',
      lackedDomain(domain),
      !expertFor(domain, offer.described)?.isTrained,
    );
}

async function answer(
  experts: Experts,
  reviews: Reviews,
  documents: VirtualDocuments,
  request: ChatRequest,
  context: ChatContext,
  stream: ChatResponseStream,
  signal: AbortSignal,
): Promise<ChatResult> {
  const offer = await experts.offer();
  const command = request.command as ChatCommand | undefined;
  const attached = await attachedContext(request.references, command === 'review' || command === 'explain');
  const text = withoutHashes(request.prompt, request.references);
  const asked = chatPrompt(command, text, offer, languageName(attached.languageId), attached.pieces.length > 0);
  const next = nextSteps(offer, context.history.length === 0);
  if ('reviews' in asked) {
    await reviewInChat(reviews, attached, stream, signal);
    return {};
  }
  if ('instead' in asked) {
    const isOpen = offer.nothingTrained && !asked.isMissing;
    stream.markdown(isOpen ? inMarkdown(next.text) : asked.instead);
    showButtons(stream, asked.isMissing ? ['multiLora.getBase'] : next.commands);
    return {};
  }
  const demonstration = context.history.length === 0 ? demonstrationText(offer.described) : undefined;
  const named = asked.target ?? pickedModel(request);
  const choice = named ?? experts.choice(offer);
  let prompt = asked.question;
  let markdown = createAnswerMarkdown(answersInCode(choice, undefined, offer));
  const why = named ? '' : ', who answers in this workspace';
  const { contextLength } = offer.described.base;
  // What the demonstration base says where none of its experts was trained for it is made up: it is not asked then.
  const refusal = new AbortController();
  let refused: string | undefined;
  const result = await experts.ask(
    offer,
    {
      prompt: asked.question,
      context: attached.pieces.map(({ label, text }) => ({ label, text })),
      history: contextLength < smallestWindowForHistory ? [] : historyOf(context),
      target: choice,
    },
    {
      signal: AbortSignal.any([signal, refusal.signal]),
      onProgress(told) {
        if (refused) return;
        switch (told.kind) {
          case 'fitted':
            prompt = told.prompt;
            for (const { source } of attached.pieces) if (source) stream.reference(source);
            // The editor folds away what stands before the last text: anything else comes before all of it or after.
            if (told.thinking) stream.progress('Thinking is on: the model reasons before it answers.');
            if (told.leftOut.length > 0)
              stream.markdown(new MarkdownString('> ').appendText(told.leftOut.join(' ')).appendMarkdown('\n\n'));
            if (choice.kind === 'auto') return;
            stream.markdown(`**${inMarkdown(targetLabel(choice))}**${why}\n\n`);
            tellOutside(stream, outsideText(asked.question, weightsOfTarget(choice, offer.described), offer.described));
            return;
          case 'route':
            markdown = createAnswerMarkdown(answersInCode(choice, told.route, offer));
            stream.reference(documents.create('Route', routePage(prompt, told.route)), new ThemeIcon('arrow-swap'));
            stream.markdown(`${routeLine(told.route, readSetting('routing.evidence'))}\n\n`);
            refused = refusalText(told.route, offer.described);
            if (refused) refusal.abort();
            else tellOutside(stream, outsideText(asked.question, told.route.weights, offer.described));
            return;
          case 'text':
            stream.markdown(markdown.push(told.text));
        }
      },
    },
  );
  if (refused) {
    stream.markdown(inMarkdown(refused));
    showButtons(stream, ['multiLora.getBase']);
    return {};
  }
  const silence = result.text.trim() ? '' : '*The model ended its answer before the first word.*';
  // Below the answer, which a narrow panel would not show otherwise.
  const after = [demonstration, next.text].map(text => (text ? `\n\n> ${inMarkdown(text)}` : '')).join('');
  stream.markdown(markdown.end() + silence + endNote(result) + after);
  showButtons(stream, next.commands);
  const rated: RatedAnswer = { prompt, answer: result.text, weights: result.weights };
  if (readSetting('feedback.collect')) showRating(stream, rated);
  return { metadata: { rated, question: asked.question } };
}

function showButtons(stream: ChatResponseStream, ids: readonly CommandId[]): void {
  for (const command of ids) stream.button({ command, title: commands[command].title });
}

function tellOutside(stream: ChatResponseStream, text: string | undefined): void {
  if (text) stream.markdown(`> ${inMarkdown(text)}\n\n`);
}

/** The editor has its own thumbs, but hides them where telemetry is off. */
function showRating(stream: ChatResponseStream, rated: RatedAnswer): void {
  const command: CommandId = 'multiLora.rateAnswer';
  stream.button({ command, title: l10n.t('$(thumbsup) Keep as a good answer'), arguments: [rated, true] });
  stream.button({ command, title: l10n.t('$(thumbsdown) Keep as a bad answer'), arguments: [rated, false] });
}

/**
 * The model of ours that the user picked for this message. Auto, which is picked by default, leaves it to the choice of
 * the workspace, and another vendor's model says nothing about the experts.
 */
function pickedModel({ model }: ChatRequest): Target | undefined {
  const picked = model?.vendor === modelVendor.vendor ? targetOf(model.id) : undefined;
  return picked?.kind === 'auto' ? undefined : picked;
}

/** Whether an expert for code says most of the answer. */
function answersInCode(choice: Target, route: RouteResult | undefined, { described }: Offer): boolean {
  const weights =
    route?.weights ??
    (choice.kind === 'expert'
      ? { [choice.name]: 1 }
      : choice.kind === 'weights'
        ? choice.weights
        : (described.blends.find(b => choice.kind === 'blend' && b.name === choice.name)?.weights ?? {}));
  const code = described.experts.filter(e => e.domain === 'code').map(e => weights[e.name] ?? 0);
  return code.some(weight => weight >= 0.5);
}

function endNote({ finish, answerTokens, timings, weights, route }: AskResult): string {
  const seconds = timings.decodeMs / 1000;
  const speed = answerTokens > 1 && seconds > 0 ? `, ${Math.round(answerTokens / seconds)} tokens/s` : '';
  const cut = {
    stop: '',
    cancelled: '',
    length: ', cut at its longest length',
    context: ', cut at the end of the window',
    repeats: ', stopped because it repeated itself',
  };
  const who = route ? '' : `${inMarkdown(weightsText(weights))}, `;
  return `\n\n*${who}${answerTokens} ${answerTokens === 1 ? 'token' : 'tokens'}${speed}${cut[finish]}*`;
}

/** What was said to this participant before, in pairs. */
function historyOf({ history }: ChatContext): ChatTurn[] {
  const turns: ChatTurn[] = [];
  for (const [i, turn] of history.entries()) {
    const next = history[i + 1];
    if (!(turn instanceof ChatRequestTurn) || !(next instanceof ChatResponseTurn)) continue;
    const answer = (next.result.metadata?.rated as RatedAnswer | undefined)?.answer ?? responseText(next);
    // Without the name of the expert that a command was followed by.
    const question = (next.result.metadata?.question as string | undefined) ?? turn.prompt;
    if (answer) turns.push({ role: 'user', content: question }, { role: 'assistant', content: answer });
  }
  return turns;
}

function responseText({ response }: ChatResponseTurn): string {
  return response.map(part => (part instanceof ChatResponseMarkdownPart ? part.value.value : '')).join('');
}
