import { ProgressLocation, Range, type TextEditor, window, workspace } from 'vscode';
import { WorkbenchError } from '../../protocol/errors.ts';
import { withSignal } from '../services/cancellation.ts';
import { decodingSettings } from '../services/settings.ts';
import type { Answers, Place } from './answers.ts';
import { type Choice, expertFor, weightsText } from './choice.ts';
import type { Experts } from './experts.ts';
import { fitContext } from './fitContext.ts';
import { routeLine } from './routeText.ts';
import { type CodeTask, languageName, taskPrompt } from './tasks.ts';

/** Asks for a question and puts it to the experts with the selection; the router finds the expert. */
export async function askAboutSelection(experts: Experts, answers: Answers): Promise<void> {
  const editor = openEditor();
  const question = await window.showInputBox({
    title: 'Ask the Experts',
    prompt: editor.selection.isEmpty ? 'Nothing is selected: the question goes alone.' : 'The selection goes with it.',
    placeHolder: 'What does this do?',
  });
  if (!question?.trim()) return;
  await ask(experts, answers, placeOf(editor), question.trim());
}

/** Explains, documents or tests the selection: a task for the code expert where the recipe has one. */
export async function askForTask(experts: Experts, answers: Answers, task: CodeTask): Promise<void> {
  const editor = openEditor();
  if (editor.selection.isEmpty)
    throw new WorkbenchError('badRequest', 'Nothing is selected.', 'Select some code first.');
  const { described } = await experts.offer();
  const expert = expertFor('code', described);
  const question = taskPrompt(task, languageName(editor.document.languageId));
  await ask(
    experts,
    answers,
    placeOf(editor),
    question,
    expert?.isTrained ? { kind: 'expert', name: expert.name } : undefined,
  );
}

async function ask(experts: Experts, answers: Answers, place: Place, question: string, choice?: Choice): Promise<void> {
  const offer = await experts.offer();
  const { contextLength } = offer.described.base;
  const maxTokens = decodingSettings().maxTokens ?? offer.described.maxTokens;
  const { text } = place;
  const label = workspace.asRelativePath(place.document.uri);
  const { prompt, leftOut } = await fitContext(
    { question, pieces: text ? [{ label, text }] : [] },
    { window: contextLength, answer: Math.min(maxTokens, contextLength / 2) },
    experts.countTokens,
  );
  const answer = await answers.open(question, place);
  const options = { location: ProgressLocation.Notification, title: 'Multi-LoRA', cancellable: true };
  await window.withProgress(options, (progress, token) =>
    withSignal(token, async signal => {
      progress.report({ message: 'answering …' });
      try {
        const result = await experts.ask(
          { prompt, choice },
          {
            signal,
            onText: answer.push,
            onRoute: route => progress.report({ message: `${weightsText(route.weights)} …` }),
          },
        );
        const who = result.route ? routeLine(result.route, 3) : `Answered by **${weightsText(result.weights)}**.`;
        const stopped = result.finish === 'cancelled' ? ['Stopped.'] : [];
        const untrained = offer.nothingTrained ? [offer.nothingTrained] : [];
        // The answer is shown as it is written: marks would be seen as marks.
        answer.end([who.replace(/[*`]/g, ''), ...stopped, ...leftOut, ...untrained].join('\n'));
      } catch (error) {
        answer.end('No answer came.');
        throw error;
      }
    }),
  );
}

function openEditor(): TextEditor {
  const editor = window.activeTextEditor;
  if (editor) return editor;
  throw new WorkbenchError('badRequest', 'No file is open.', 'Open one and select what you want to ask about.');
}

function placeOf({ document, selection }: TextEditor): Place {
  const range = new Range(selection.start, selection.end);
  return { document, range, text: document.getText(range) };
}
