import {
  commands,
  l10n,
  type Memento,
  type Progress,
  ProgressLocation,
  type TextDocument,
  type TextEditor,
  ViewColumn,
  window,
  workspace,
} from 'vscode';
import { WorkbenchError } from '../../protocol/errors.ts';
import { emptyTally, type ReviewTally, summaryLine, summaryPage } from '../../review/reviewSummary.ts';
import type { Experts } from '../ask/experts.ts';
import { languageName } from '../ask/tasks.ts';
import { createVirtualDocuments } from '../ask/virtualDocuments.ts';
import { baseSetting } from '../recipe/activeRecipe.ts';
import { withSignal } from '../services/cancellation.ts';
import { isCancellation } from '../services/messages.ts';
import { readSetting } from '../services/settings.ts';
import {
  type Changes,
  commitChanges,
  fileChanges,
  type Place,
  placeChanges,
  selectionChanges,
  workingTreeChanges,
} from './changes.ts';
import { createDismissed } from './dismissed.ts';
import { chooseRepository } from './gitRepository.ts';
import { pickCommits } from './pickCommits.ts';
import { languageProblem, nobodyReviews, type Reviewer, reviewerFor, reviewingBase } from './reviewer.ts';
import { reviewFiles } from './reviewFiles.ts';
import { createReviewThreads, type FoundAt } from './reviewThreads.ts';

/** What came of a review, for the chat. */
export interface Reviewed {
  summary: string;
  found: FoundAt[];
}

/** The commands of reviews; the findings of one review are shown at a time. */
export function createReviews(experts: Experts, memory: Memento) {
  const threads = createReviewThreads(createDismissed(memory));
  const summaries = createVirtualDocuments('multi-lora-review');
  let last: ReviewTally | undefined;
  let isUnderWay = false;

  async function review(
    prepare: () => Promise<((signal: AbortSignal) => Promise<Changes>) | undefined>,
  ): Promise<void> {
    const reviewer = await findReviewer();
    const readChanges = reviewer && (await prepare());
    if (!readChanges) return;
    await alone(async () => {
      const options = { location: ProgressLocation.Notification, title: l10n.t('Review'), cancellable: true };
      await window.withProgress(options, (progress, token) =>
        withSignal(token, async signal => {
          progress.report({ message: l10n.t('reading the changes …') });
          await reviewAll(await readChanges(signal), reviewer, progress, signal);
        }),
      );
    });
    void tellSummary();
  }

  /** One review at a time: its comments take the place of those before. */
  async function alone(work: () => Promise<void>): Promise<void> {
    if (isUnderWay)
      throw new WorkbenchError(
        'busy',
        l10n.t('A review is under way.'),
        l10n.t('Wait for its end, or cancel it in its notification.'),
      );
    isUnderWay = true;
    try {
      await work();
    } finally {
      isUnderWay = false;
    }
  }

  /** Undefined where there is none: the user is told who can review, and may get it. */
  async function findReviewer(): Promise<Reviewer | undefined> {
    const { described } = await experts.offer();
    const reviewer = reviewerFor(described, readSetting('base'));
    if (reviewer) return reviewer;
    const get = l10n.t('Get {0}…', reviewingBase.name);
    void window.showWarningMessage(nobodyReviews(described), get).then(picked => {
      if (picked === get) return commands.executeCommand('multiLora.getBase', reviewingBase.download);
    });
    return undefined;
  }

  async function reviewAll(
    { subject, files, skipped }: Changes,
    reviewer: Reviewer,
    progress: Progress<{ message?: string; increment?: number }>,
    signal: AbortSignal,
  ): Promise<void> {
    const tally = emptyTally(subject, reviewer.name);
    const problem = ({ document }: { document: TextDocument }) =>
      languageProblem(reviewer, languageName(document.languageId));
    const left = files.flatMap(file => {
      const reason = problem(file);
      return reason === undefined ? [] : [{ path: file.path, reason }];
    });
    tally.skipped = [...skipped, ...left];
    last = tally;
    threads.clear();
    await commands.executeCommand('setContext', 'multiLora.hasReview', true);
    const found = await experts.offer();
    const offer = reviewer.base ? { ...found, source: { base: baseSetting(reviewer.base) } } : found;
    try {
      await reviewFiles(
        files.filter(file => problem(file) === undefined),
        {
          reviewer,
          window: offer.described.base.contextLength,
          signal,
          tally,
          engine: {
            countTokens: experts.countTokens,
            ask: (prompts, maxTokens) => experts.askAll(offer, prompts, reviewer.target, { maxTokens }, signal),
            weigh: choices => experts.weigh(offer, reviewer.target, choices, signal),
          },
          listener: {
            onBatch: ({ path }, lines) =>
              progress.report({
                message: l10n.t('{0}, {1} of {2} lines', path, tally.reviewedLines, tally.lines),
                increment: (100 * lines) / tally.lines,
              }),
            onFinding: ({ document }, line, finding) => threads.add(document, line, finding, reviewer.name),
          },
        },
      );
    } catch (error) {
      if (!isCancellation(error)) throw error;
      tally.wasCancelled = true;
    }
  }

  async function tellSummary(): Promise<void> {
    const picked = await window.showInformationMessage(
      summaryLine(last!),
      l10n.t('Show Summary'),
      l10n.t('Show Comments'),
    );
    if (picked === l10n.t('Show Summary')) await showSummary();
    if (picked === l10n.t('Show Comments')) await commands.executeCommand('workbench.action.focusCommentsPanel');
  }

  async function showSummary(): Promise<void> {
    if (!last)
      throw new WorkbenchError(
        'badRequest',
        l10n.t('There has been no review yet.'),
        l10n.t('Run “Review Changes” first.'),
      );
    const document = await workspace.openTextDocument(summaries.create('Review.md', summaryPage(last)));
    await window.showTextDocument(document, { viewColumn: ViewColumn.Beside, preserveFocus: true, preview: true });
  }

  return {
    /** Reviews files or parts of them for somebody who tells of it; or why nobody can. */
    async reviewPlaces(places: Place[], signal: AbortSignal): Promise<Reviewed | { nobody: string }> {
      const { described } = await experts.offer();
      const reviewer = reviewerFor(described, readSetting('base'));
      if (!reviewer) return { nobody: nobodyReviews(described) };
      await alone(() => reviewAll(placeChanges(places), reviewer, { report() {} }, signal));
      return { summary: summaryLine(last!), found: threads.list() };
    },
    handlers: {
      'multiLora.review.changes': () =>
        review(async () => {
          const repository = await chooseRepository();
          return repository && (signal => workingTreeChanges(repository, signal));
        }),
      'multiLora.review.commits': () =>
        review(async () => {
          const repository = await chooseRepository();
          const range = repository && (await pickCommits(repository));
          return range && (signal => commitChanges(repository, range, signal));
        }),
      'multiLora.review.file': () => review(async () => async () => fileChanges(openEditor())),
      'multiLora.review.selection': () => review(async () => async () => selectionChanges(openEditor())),
      'multiLora.review.apply': threads.apply,
      'multiLora.review.resolve': threads.resolve,
      'multiLora.review.reopen': threads.reopen,
      'multiLora.review.showSummary': showSummary,
      async 'multiLora.review.clear'() {
        threads.clear();
        last = undefined;
        await commands.executeCommand('setContext', 'multiLora.hasReview', false);
      },
    },
    dispose: () => [threads, summaries].forEach(d => d.dispose()),
  };
}

function openEditor(): TextEditor {
  const editor = window.activeTextEditor;
  if (editor) return editor;
  throw new WorkbenchError('badRequest', l10n.t('No file is open.'), l10n.t('Open the one that is to be reviewed.'));
}
