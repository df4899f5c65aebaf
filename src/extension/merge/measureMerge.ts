import { readFile } from 'node:fs/promises';
import { l10n, ProgressLocation, type Uri, window } from 'vscode';
import type { Measured } from '../../protocol/engine/evaluating.ts';
import { WorkbenchError } from '../../protocol/errors.ts';
import { count } from '../../text/numbers.ts';
import { inNotification } from '../../text/shown.ts';
import { withSignal } from '../services/cancellation.ts';
import type { HostEngine } from '../services/hostEngine.ts';
import { measuredText } from './measuredText.ts';

/** Measures a merge that is made, and each expert alone on the sets of its domain, and tells how they compare. */
export async function measureMerge(engine: HostEngine, recipe: Uri, merge: string): Promise<void> {
  const wanted = await wantedOf(engine, recipe.fsPath, merge);
  const options = { location: ProgressLocation.Notification, title: l10n.t('Measuring {0}', merge), cancellable: true };
  const measured = await window.withProgress(options, (shown, token) =>
    withSignal(token, async signal => {
      const all: Measured[] = [];
      // Set by set: an expert says something of its own domain alone.
      for (const { set, systems } of wanted) {
        const found = await engine.request(
          'measure',
          { recipe: recipe.fsPath, sets: [set], systems },
          {
            signal,
            onProgress: ({ message, done, total }) =>
              shown.report({ message: l10n.t('{0}, {1} of {2}', message, count(done), count(total)) }),
          },
        );
        all.push(...found.measured);
      }
      return all;
    }),
  );
  void window.showInformationMessage(inNotification(measuredText(merge, measured)));
}

/** The sets of the domains that a merge has, all where it has none of them, and who answers each. */
async function wantedOf(
  engine: HostEngine,
  path: string,
  merge: string,
): Promise<{ set: string; systems: string[] }[]> {
  // The recipe's schema takes longer to load than activation may.
  const [{ parseRecipe }, { mergeWeightsOf }] = await Promise.all([
    import('../../recipe/parse.ts'),
    import('../../recipe/settings.ts'),
  ]);
  const { recipe } = parseRecipe(await readFile(path, 'utf8'));
  const sets = Object.entries(recipe?.evaluation.sets ?? {});
  if (!recipe || sets.length === 0)
    throw new WorkbenchError(
      'notFound',
      l10n.t('The recipe has no held-out sets to measure on.'),
      l10n.t('Run “Evaluate…”, which asks for some, or write them into "evaluation".'),
    );
  const { experts } = await engine.request('describe', { recipe: path });
  const trained = experts.filter(e => e.isTrained).map(e => e.name);
  const members = Object.keys(mergeWeightsOf(recipe, merge));
  const own = sets.filter(([, { expert }]) => expert !== undefined && members.includes(expert));
  return (own.length > 0 ? own : sets).map(([set, { expert }]) => ({
    set,
    systems: [merge, ...(expert !== undefined && trained.includes(expert) ? [expert] : [])],
  }));
}
