import { basename, join } from 'node:path';
import { l10n, window } from 'vscode';
import { isComplete } from '../../data/datasetFormats.ts';
import type { DataField } from '../../experiment/dataFields.ts';
import { recipeEnding } from '../../experiment/paths.ts';
import { WorkbenchError } from '../../protocol/errors.ts';
import type { ExpertData } from '../../recipe/expertData.ts';
import { shortened } from '../../text/shown.ts';
import type { HostEngine } from '../services/hostEngine.ts';

/**
 * Reads data as training will, before a recipe is written that names it; where columns go by names of their own, the user
 * says which is which. Paths are relative to the folder. Undefined where the user gave up. Throws `badData`.
 */
export async function readableData(
  engine: HostEngine,
  folder: string,
  data: readonly ExpertData[],
): Promise<ExpertData[] | undefined> {
  const readable: ExpertData[] = [];
  for (const each of data) {
    const columns = await columnsOf(engine, folder, each);
    if (columns === 'none') return undefined;
    const read = { ...each, ...(columns && { columns }) };
    for (const file of [each.validation, each.heldOut]) if (file) await check(engine, folder, file, columns);
    readable.push(read);
  }
  return readable;
}

type Columns = ExpertData['columns'];

async function columnsOf(engine: HostEngine, folder: string, { train }: ExpertData): Promise<Columns | 'none'> {
  try {
    await check(engine, folder, train);
    return undefined;
  } catch (error) {
    const fields = isAboutColumns(error) ? await fieldsOf(join(folder, train)) : [];
    // A row that lacks what others have is for its user to mend.
    if (fields.length === 0 || isComplete(Object.fromEntries(fields.map(({ name }) => [name, ''])))) throw error;
    const columns = await askColumns(train, fields);
    if (!columns) return 'none';
    await check(engine, folder, train, columns);
    return columns;
  }
}

/** Throws `badData` as training would. */
async function check(engine: HostEngine, folder: string, train: string, columns?: Columns): Promise<void> {
  const text = JSON.stringify({ experts: { data: { data: { train, ...(columns && { columns }) } } } });
  const recipe = join(folder, `data${recipeEnding}`);
  await engine.request('previewData', { recipe, text, expert: 'data', rows: 1 });
}

function isAboutColumns(error: unknown): boolean {
  const codes = ['unknownFormat', 'missingField'];
  return error instanceof WorkbenchError && error.code === 'badData' && codes.includes(error.problems[0]?.code ?? '');
}

async function fieldsOf(path: string): Promise<DataField[]> {
  // Parsers take longer to load than activation may.
  const { dataFields } = await import('../../experiment/dataFields.ts');
  return dataFields(path).catch(() => []);
}

/** Which columns hold the examples; undefined where the user gave up. */
async function askColumns(file: string, fields: readonly DataField[]): Promise<Columns> {
  const items = fields.map(({ name, sample }) => ({ label: name, description: shortened(sample), name }));
  const name = basename(file);
  const asked = await window.showQuickPick(items, {
    title: l10n.t('{0}: which column holds what is asked?', name),
    placeHolder: l10n.t('Its column names are not known here'),
    ignoreFocusOut: true,
  });
  if (!asked) return undefined;
  const whole = {
    label: l10n.t('$(book) None'),
    description: l10n.t('“{0}” is text that is learned as a whole', asked.name),
    name: '',
  };
  const answer = await window.showQuickPick([...items.filter(item => item !== asked), whole], {
    title: l10n.t('{0}: which column holds the answer to “{1}”?', name, asked.name),
    placeHolder: l10n.t('The answer is what is learned'),
    ignoreFocusOut: true,
  });
  if (!answer) return undefined;
  return answer.name === '' ? { text: asked.name } : { prompt: asked.name, answer: answer.name };
}
