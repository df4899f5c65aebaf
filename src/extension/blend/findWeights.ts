import { readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { l10n, Uri, window, workspace } from 'vscode';
import type { Call } from '../../protocol/contract.ts';
import type { WorkProgress } from '../../protocol/engine/source.ts';
import type { FindWeightsRequest, FoundWeights } from '../../protocol/engine/weighing.ts';
import { type ScorerName, scorerLabels, scorerNames, scorerTexts } from '../../protocol/scorer.ts';
import { parseRecipe } from '../../recipe/parse.ts';
import type { HostEngine } from '../services/hostEngine.ts';

type Examples = Pick<FindWeightsRequest, 'data' | 'set'>;

/** Asks for examples and for how answers are judged, and finds weights of the recipe's experts; undefined where the user gave up. */
export async function findWeights(
  engine: HostEngine,
  recipe: string,
  { signal, progress }: Call<WorkProgress>,
): Promise<FoundWeights | undefined> {
  const examples = await chooseExamples(recipe);
  const judged = examples && (await chooseScorer());
  if (!judged || signal.aborted) return undefined;
  const request = { recipe, ...examples, ...judged };
  return engine.request('findWeights', request, { signal, onProgress: progress });
}

async function chooseExamples(recipe: string): Promise<Examples | undefined> {
  const { recipe: read } = parseRecipe(await readFile(recipe, 'utf8'));
  const file = { label: l10n.t('$(folder-opened) A data file…'), examples: undefined };
  const sets = Object.entries(read?.evaluation.sets ?? {}).map(([set, { data, expert }]) => ({
    label: `$(checklist) ${set}`,
    description: expert === undefined ? data : l10n.t('{0}, of {1}', data, expert),
    examples: { set } as Examples,
  }));
  const picked = await window.showQuickPick([file, ...sets], {
    title: l10n.t('Examples That Weights Are Found From'),
    placeHolder: l10n.t('5 to 50, with answers; do not evaluate on them afterwards'),
  });
  if (!picked) return undefined;
  if (picked.examples) return picked.examples;
  const [data] =
    (await window.showOpenDialog({
      title: l10n.t('Examples'),
      openLabel: l10n.t('Find Weights'),
      defaultUri: Uri.file(dirname(recipe)),
      filters: { Data: ['jsonl', 'json', 'csv', 'tsv', 'parquet', 'gz'] },
    })) ?? [];
  if (!data) return undefined;
  // The engine reads the file.
  for (const document of workspace.textDocuments)
    if (document.isDirty && document.uri.fsPath === data.fsPath) await document.save();
  return { data: data.fsPath };
}

async function chooseScorer(): Promise<{ scorer?: ScorerName } | undefined> {
  const byLoss = {
    label: l10n.t('By the loss of the given answers'),
    detail: l10n.t('Follows the gradient of the loss; the fastest.'),
    judged: {},
  };
  const byScore = scorerNames.map(scorer => ({
    label: l10n.t('By generated answers: {0}', scorerLabels[scorer]),
    detail: scorerTexts[scorer],
    judged: { scorer },
  }));
  const picked = await window.showQuickPick([byLoss, ...byScore], { title: l10n.t('How Weights Are Judged') });
  return picked?.judged;
}
