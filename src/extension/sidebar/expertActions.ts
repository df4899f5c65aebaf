import { basename, dirname, join } from 'node:path';
import { l10n, ProgressLocation, Uri, window, workspace } from 'vscode';
import type { EngineParams } from '../../protocol/engine/engineApi.ts';
import { WorkbenchError } from '../../protocol/errors.ts';
import { bytes } from '../../text/numbers.ts';
import type { Runs } from '../runs/runs.ts';
import { withSignal } from '../services/cancellation.ts';
import type { HostEngine } from '../services/hostEngine.ts';
import { requireTrust } from '../services/requireTrust.ts';
import type { ExpertRef } from './expertRows.ts';
import { deleteToTrash, reveal } from './fileActions.ts';

/** Puts an expert's factors into memory, with the base beside them, so that its first answer is a fast one. */
export async function loadExpert(engine: HostEngine, { recipe, expert }: ExpertRef): Promise<void> {
  requireTrust();
  await withProgress(`Loading ${expert}`, (signal, tell) =>
    engine.request('load', { recipe, experts: [expert] }, { signal, onProgress: ({ message }) => tell(message) }),
  );
}

/** Frees an expert's memory; the next question that needs it loads it again. */
export async function unloadExpert(engine: HostEngine, { recipe, expert }: ExpertRef): Promise<void> {
  await engine.request('unload', { recipe, experts: [expert] });
}

type Format = EngineParams<'export'>['format'];

const formats: { label: string; detail: string; format: Format; ending: string }[] = [
  { label: 'PEFT', detail: l10n.t('An adapter folder, for Python and for other recipes'), format: 'peft', ending: '' },
  { label: 'GGUF', detail: l10n.t('An adapter file, for llama.cpp'), format: 'gguf', ending: '.gguf' },
  {
    label: l10n.t('Merged'),
    detail: l10n.t('A full model that contains the expert, as a Hugging Face folder'),
    format: 'merged',
    ending: '-merged',
  },
  {
    label: l10n.t('Merged GGUF'),
    detail: l10n.t('A full model that contains the expert, in F16, for llama.cpp, LM Studio and Ollama'),
    format: 'merged-gguf',
    ending: '-merged.gguf',
  },
];

/** Writes an expert for use elsewhere, in a format and a place that the user chooses. */
export async function exportExpert(engine: HostEngine, { recipe, expert }: ExpertRef): Promise<void> {
  requireTrust();
  const picked = await window.showQuickPick(formats, { title: l10n.t('Export {0} as', expert) });
  if (!picked) return;
  const { format, ending } = picked;
  const out = await window.showSaveDialog({
    title: ending.endsWith('.gguf')
      ? l10n.t('File to write')
      : l10n.t('Folder to write: a new one, or an earlier export'),
    saveLabel: l10n.t('Export'),
    defaultUri: Uri.file(join(dirname(recipe), `${expert}${ending || '-adapter'}`)),
  });
  if (!out) return;
  const result = await withProgress(`Exporting ${expert}`, (signal, tell) =>
    engine.request(
      'export',
      { recipe, expert, format, out: out.fsPath },
      { signal, onProgress: ({ message, done, total }) => tell(`${message} ${done}/${total}`) },
    ),
  );
  const show = l10n.t('Show It');
  const message = l10n.t('{0} is exported: {1}, {2}.', expert, basename(result.path), bytes(result.bytes));
  if ((await window.showInformationMessage(message, show)) === show) await reveal(Uri.file(result.path));
}

/** Deletes the adapter that training wrote; its recipe and data stay. Throws `busy` while it is being trained. */
export async function deleteExpert(engine: HostEngine, runs: Runs, ref: ExpertRef): Promise<void> {
  requireTrust();
  const { recipe, expert, folder } = ref;
  if (!folder) return;
  await runs.found();
  const isTrained = (names: readonly string[]) => names.length === 0 || names.includes(expert);
  if (runs.of(Uri.file(recipe)).some(r => r.kind === 'train' && r.state === 'running' && isTrained(r.experts)))
    throw new WorkbenchError('busy', l10n.t("'{0}' is being trained.", expert), l10n.t('Stop its training first.'));
  const uri = Uri.file(folder);
  const detail = l10n.t(
    'The folder {0} is deleted. The recipe and its data stay, and the expert can be trained again.',
    workspace.asRelativePath(uri),
  );
  if (!(await deleteToTrash(uri, `Delete the adapter of “${expert}”?`, detail))) return;
  if (engine.loaded.adapters.some(a => a.folder === folder)) await unloadExpert(engine, ref);
}

function withProgress<T>(
  title: string,
  work: (signal: AbortSignal, tell: (message: string) => void) => Promise<T>,
): Thenable<T> {
  const options = { location: ProgressLocation.Notification, title, cancellable: true };
  return window.withProgress(options, (progress, token) =>
    withSignal(token, signal => work(signal, message => progress.report({ message }))),
  );
}
