import {
  CodeAction,
  CodeActionKind,
  commands,
  Disposable,
  l10n,
  languages,
  ProgressLocation,
  Range,
  type TextEditor,
  window,
  workspace,
} from 'vscode';
import type { CodeTask } from '../../data/skills.ts';
import { WorkbenchError } from '../../protocol/errors.ts';
import type { Target } from '../../protocol/target.ts';
import { demonstrationText, refusalText } from '../../text/demonstration.ts';
import { weightsText } from '../../text/target.ts';
import type { CommandId } from '../contributions/commands.ts';
import type { Offer } from '../recipe/activeRecipe.ts';
import { withSignal } from '../services/cancellation.ts';
import type { Answer, Answers, Place } from './answers.ts';
import type { Experts } from './experts.ts';
import { outsideText } from './outside.ts';
import { routeLine } from './routeText.ts';
import { keepTaskContext } from './taskContext.ts';
import { languageName, taskPrompt } from './tasks.ts';
import { whoDoes } from './whoDoes.ts';

/** The commands that ask about a selection, and those on an answer. */
export function askHandlers(experts: Experts, answers: Answers) {
  return {
    'multiLora.ask': () => askAboutSelection(experts, answers),
    'multiLora.explain': () => askForTask(experts, answers, 'explain'),
    'multiLora.document': () => askForTask(experts, answers, 'document'),
    'multiLora.writeTests': () => askForTask(experts, answers, 'writeTests'),
    'multiLora.answer.insert': answers.insert,
    'multiLora.answer.replace': answers.replace,
    'multiLora.answer.copy': answers.copy,
    'multiLora.answer.openAsFile': answers.openAsFile,
  };
}

const kind = CodeActionKind.RefactorRewrite.append('multiLora');
const offered: { title: string; command: CommandId; task?: CodeTask }[] = [
  { title: l10n.t('Ask the experts…'), command: 'multiLora.ask' },
  { title: l10n.t('Explain (experts)'), command: 'multiLora.explain', task: 'explain' },
  { title: l10n.t('Document (experts)'), command: 'multiLora.document', task: 'document' },
  { title: l10n.t('Write tests (experts)'), command: 'multiLora.writeTests', task: 'writeTests' },
];

/** The commands on a selection, in the light bulb's and the editor's menu: those for which there is somebody, as far as that is known. */
export function registerCodeActions(experts: Pick<Experts, 'known' | 'onDidChange'>): Disposable {
  const actions = languages.registerCodeActionsProvider(
    { scheme: '*' },
    {
      provideCodeActions(document, range) {
        if (range.isEmpty) return [];
        const described = experts.known()?.described;
        const language = languageName(document.languageId);
        const isDone = (task?: CodeTask) => !task || (described && 'target' in whoDoes(task, language, described));
        return offered
          .filter(({ task }) => isDone(task))
          .map(({ title, command }) => {
            const action = new CodeAction(title, kind);
            action.command = { title, command };
            return action;
          });
      },
    },
    { providedCodeActionKinds: [kind] },
  );
  return Disposable.from(actions, keepTaskContext(experts));
}

/** Asks for a question and puts it to the experts with the selection; the router finds the expert. */
async function askAboutSelection(experts: Experts, answers: Answers): Promise<void> {
  const editor = openEditor();
  const question = await window.showInputBox({
    title: l10n.t('Ask the Experts'),
    prompt: editor.selection.isEmpty
      ? l10n.t('Nothing is selected: only the question is sent.')
      : l10n.t('The selection is sent with it.'),
    placeHolder: l10n.t('What does this do?'),
  });
  if (!question?.trim()) return;
  await ask(experts, await experts.offer(), answers, placeOf(editor), question.trim());
}

/** Explains, documents or tests the selection, where there is one who can. */
async function askForTask(experts: Experts, answers: Answers, task: CodeTask): Promise<void> {
  const editor = openEditor();
  if (editor.selection.isEmpty)
    throw new WorkbenchError('badRequest', l10n.t('Nothing is selected.'), l10n.t('Select some code first.'));
  const offer = await experts.offer();
  const language = languageName(editor.document.languageId);
  const who = whoDoes(task, language, offer.described);
  if ('reason' in who) return tellNobody(who.reason);
  await ask(experts, offer, answers, placeOf(editor), taskPrompt(task, language), who.target);
}

/** A base that follows instructions does any task. */
async function tellNobody(reason: string): Promise<void> {
  const get = l10n.t('Get a Base Model…');
  const picked = await window.showWarningMessage(l10n.t('{0} A base that follows instructions can.', reason), get);
  if (picked === get) await commands.executeCommand('multiLora.getBase');
}

async function ask(
  experts: Experts,
  offer: Offer,
  answers: Answers,
  place: Place,
  question: string,
  target?: Target,
): Promise<void> {
  const { text } = place;
  const label = workspace.asRelativePath(place.document.uri);
  const options = { location: ProgressLocation.Notification, title: l10n.t('Multi-LoRA'), cancellable: true };
  /** Opened when it is known that the question fits. */
  let answer: Promise<Answer> | undefined;
  let leftOut: string[] = [];
  const refusal = new AbortController();
  let refused: string | undefined;
  await window.withProgress(options, (progress, token) =>
    withSignal(token, async signal => {
      progress.report({ message: l10n.t('answering …') });
      try {
        const result = await experts.ask(
          offer,
          { prompt: question, context: text ? [{ label, text }] : [], target },
          {
            signal: AbortSignal.any([signal, refusal.signal]),
            onProgress(told) {
              if (refused) return;
              if (told.kind === 'fitted') {
                leftOut = told.leftOut;
                answer ??= answers.open(question, place);
              } else if (told.kind === 'text')
                void answer!
                  .then(page => page.push(told.text))
                  .catch(() => {
                    // That it could not be opened is told at the end.
                  });
              else if (told.kind === 'route') {
                refused = refusalText(told.route, offer.described);
                if (refused) refusal.abort();
                else progress.report({ message: `${weightsText(told.route.weights)} …` });
              }
            },
          },
        );
        const who = result.route
          ? routeLine(result.route, 3)
          : l10n.t('Answered by **{0}**.', weightsText(result.weights));
        const stopped = result.finish === 'cancelled' && !refused ? ['Stopped.'] : [];
        const untrained = offer.nothingTrained ? [offer.nothingTrained] : [];
        const outside = outsideText(question, result.weights, offer.described);
        const limits = [demonstrationText(offer.described), outside].filter(line => line !== undefined);
        const repeats = result.finish === 'repeats' ? [l10n.t('It repeated itself and was stopped.')] : [];
        // The answer is shown as it is written: marks would be seen as marks.
        (await answer)?.end(
          [who.replace(/[*`]/g, ''), ...stopped, ...repeats, ...leftOut, ...untrained, ...limits].join('\n'),
        );
      } catch (error) {
        const page = await answer?.catch(() => undefined);
        page?.end('No answer came.');
        throw error;
      }
    }),
  );
}

function openEditor(): TextEditor {
  const editor = window.activeTextEditor;
  if (editor) return editor;
  throw new WorkbenchError(
    'badRequest',
    l10n.t('No file is open.'),
    l10n.t('Open one and select what you want to ask about.'),
  );
}

function placeOf({ document, selection }: TextEditor): Place {
  const range = new Range(selection.start, selection.end);
  return { document, range, text: document.getText(range) };
}
