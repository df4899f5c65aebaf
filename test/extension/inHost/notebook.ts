import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  type CompletionList,
  commands,
  type Hover,
  languages,
  type MarkdownString,
  type NotebookCell,
  NotebookCellKind,
  type NotebookDocument,
  NotebookRange,
  Range,
  Uri,
  WorkspaceEdit,
  window,
  workspace,
} from 'vscode';
import { cellLanguage, notebookType } from '../../../src/extension/contributions/editors.ts';
import type { StepOutput } from '../../../src/protocol/notebookOutput.ts';
import { outputMime } from '../../../src/protocol/outputMime.ts';
import { untilWithin } from '../../support/untilWithin.ts';
import { runSuite } from './suite.ts';

const until = untilWithin(240_000, 50);

const folder = workspace.workspaceFolders![0]!.uri.fsPath;
const pathOf = (name: string) => join(folder, name);
const read = (name: string) => readFileSync(pathOf(name), 'utf8');
const everything = new Range(0, 0, 1000, 0);
const original = read('steps.lora.json');

async function open(name: string): Promise<NotebookDocument> {
  await commands.executeCommand('vscode.openWith', Uri.file(pathOf(name)), notebookType);
  await until(() => window.activeNotebookEditor?.notebook.uri.fsPath === pathOf(name));
  return window.activeNotebookEditor!.notebook;
}

/** The editor may keep a notebook that is shown nowhere for a while. */
async function close(): Promise<void> {
  await commands.executeCommand('workbench.action.closeAllEditors');
  await until(() => window.tabGroups.all.every(group => group.tabs.length === 0));
}

/** The cell of the step that does this. */
const cellThat = (notebook: NotebookDocument, what: string): NotebookCell =>
  notebook.getCells().find(cell => cell.document.getText().includes(`"do": "${what}"`))!;

function start({ notebook, index }: NotebookCell): void {
  const ranges = [{ start: index, end: index + 1 }];
  void commands.executeCommand('notebook.cell.execute', { ranges, document: notebook.uri });
}

function stop({ notebook, index }: NotebookCell): Thenable<unknown> {
  const ranges = [{ start: index, end: index + 1 }];
  return commands.executeCommand('notebook.cell.cancelExecution', { ranges, document: notebook.uri });
}

function select({ index }: NotebookCell): void {
  window.activeNotebookEditor!.selection = new NotebookRange(index, index + 1);
}

const hasEnded = (cell: NotebookCell) => cell.executionSummary?.timing?.endTime !== undefined;

async function runCell(cell: NotebookCell): Promise<StepOutput> {
  start(cell);
  await until(() => cell.executionSummary?.timing?.endTime === undefined);
  await until(() => hasEnded(cell));
  return output(cell)!;
}

function output(cell: NotebookCell): StepOutput | undefined {
  const item = cell.outputs[0]?.items.find(({ mime }) => mime === outputMime);
  return item && JSON.parse(new TextDecoder().decode(item.data));
}

const stepOf = (cell: NotebookCell): number => {
  const shown = output(cell);
  return shown?.kind === 'train' ? shown.step : 0;
};

export function run(): Promise<void> {
  return runSuite({
    async 'a recipe has a cell for each definition and each step; what cannot be one is refused and left alone'() {
      const notebook = await open('steps.lora.json');
      assert.deepEqual(
        notebook.getCells().map(({ kind, document }) => [kind, document.languageId, document.getText().slice(0, 14)]),
        [
          ...[
            '// Three small',
            '"lora": { "ran',
            '"training": { ',
            '"experts": {\n ',
            '"generation": ',
            '"blends": {\n  ',
          ]
            .concat(['"merges": { "a', '"evaluation": '])
            .map(text => [NotebookCellKind.Code, cellLanguage, text]),
          [NotebookCellKind.Markup, 'markdown', '# Three expert'],
          ...['{ "do": "train', '{ "do": "ask",', '{\n  "do": "ble', '{ "do": "merge', '{ "do": "evalu'].map(text => [
            NotebookCellKind.Code,
            cellLanguage,
            text,
          ]),
        ],
      );
      const broken = read('broken.lora.json');
      await assert.rejects(async () => {
        await workspace.openNotebookDocument(Uri.file(pathOf('broken.lora.json')));
      }, /cannot be opened as a notebook/);
      assert.equal(read('broken.lora.json'), broken);
    },

    async 'in a cell, what can stand at the cursor is offered and what is named is told, as its recipe has them'() {
      const notebook = await open('steps.lora.json');
      const placeOf = (cell: NotebookCell, part: string) =>
        cell.document.positionAt(cell.document.getText().indexOf(part) + 1);
      const offered = async (cell: NotebookCell, part: string) => {
        const place = placeOf(cell, part);
        const command = 'vscode.executeCompletionItemProvider';
        const { items } = await commands.executeCommand<CompletionList>(command, cell.document.uri, place);
        return items.map(({ label, range }) => {
          assert.ok(range);
          const name = typeof label === 'string' ? label : label.label;
          return [name, cell.document.getText('replacing' in range ? range.replacing : range)];
        });
      };
      const train = cellThat(notebook, 'train');
      // The language is loaded with the first cell.
      await until(async () => (await offered(train, '"math"')).length > 0);
      assert.deepEqual(
        await offered(train, '"math"'),
        ['math', 'code', 'qa'].map(name => [name, '"math"']),
      );
      assert.deepEqual(await offered(cellThat(notebook, 'blend'), '"review"'), [['review', '"review"']]);
      const hovers = await commands.executeCommand<Hover[]>(
        'vscode.executeHoverProvider',
        train.document.uri,
        placeOf(train, '"math"'),
      );
      const told = hovers.flatMap(hover => hover.contents.map(content => (content as MarkdownString).value)).join('\n');
      assert.match(told, /\*\*math\*\*: rank 8 on \d+ layers/);
      assert.equal(train.document.getText(hovers[0]!.range), '"math"');
    },

    async 'the problems of a recipe are marked in its cells; while one is no JSON, those of that one'() {
      const notebook = await open('marked.lora.json');
      const marked = () =>
        notebook
          .getCells()
          .flatMap(({ document }) =>
            languages
              .getDiagnostics(document.uri)
              .map(d => [document.getText(d.range), (d.code as { value: string }).value]),
          );
      const write = async (cell: NotebookCell, text: string) => {
        const edit = new WorkspaceEdit();
        edit.replace(cell.document.uri, everything, text);
        await workspace.applyEdit(edit);
      };
      const [train, experts] = [cellThat(notebook, 'train'), notebook.cellAt(3)];
      const definition = experts.document.getText();
      await until(() => marked().length === 0);
      await write(train, '{ "do": "train", "experts": ["maths"] }');
      await until(() => marked().length > 0);
      assert.deepEqual(marked(), [['"maths"', 'unknownExpert']]);
      await write(experts, '"experts": { "maths": ');
      await until(() => marked()[0]?.[1] === 'syntax');
      assert.deepEqual(languages.getDiagnostics(train.document.uri), []);
      await write(experts, definition);
      await until(() => marked()[0]?.[0] === '"maths"');
      await commands.executeCommand('workbench.action.revertAndCloseActiveEditor');
    },

    async 'a training cell is run to its end: losses and steps, as drawing, text and JSON'() {
      const cell = cellThat(await open('steps.lora.json'), 'train');
      const shown = await runCell(cell);
      assert.ok(shown.kind === 'train');
      assert.deepEqual([shown.state, shown.experts, shown.step, shown.steps], ['done', ['math'], 12, 12]);
      assert.equal(shown.curves[0]!.train.length, 12);
      assert.deepEqual(
        shown.curves[0]!.validation.map(point => point.step),
        [4, 8, 12],
      );
      assert.deepEqual(
        cell.outputs[0]!.items.map(item => item.mime),
        [outputMime, 'text/plain', 'application/json'],
      );
      assert.match(new TextDecoder().decode(cell.outputs[0]!.items[1]!.data), /^Trained: math · step 12\/12/);
      // What it had learned was not lost.
      assert.deepEqual(shown.kept, ['runs/three/previous/math']);
      assert.ok(existsSync(join(pathOf('runs/three/previous/math'), 'adapter_model.safetensors')));
      assert.equal(cell.executionSummary?.success, true);
    },

    async 'ask streams an answer after its route; blends answer beside each other; a merge tells its error'() {
      const notebook = await open('steps.lora.json');
      const cell = cellThat(notebook, 'ask');
      const seen: StepOutput[] = [];
      const watching = workspace.onDidChangeNotebookDocument(({ cellChanges }) => {
        const now = output(cell);
        if (now && cellChanges.some(change => change.cell === cell && change.outputs)) seen.push(now);
      });
      const shown = await runCell(cell);
      watching.dispose();
      assert.ok(shown.kind === 'ask' && shown.answer.route && shown.answer.result);
      assert.ok(shown.answer.route.evidence.length > 0);
      assert.deepEqual(shown.answer.result.weights, shown.answer.route.weights);
      assert.ok(
        seen.some(s => s.kind === 'ask' && !s.answer.result && shown.answer.text.startsWith(s.answer.text)),
        `${seen.length} updates`,
      );
      const blends = await runCell(cellThat(notebook, 'blend'));
      assert.ok(blends.kind === 'blend');
      assert.deepEqual(
        blends.answers.map(({ blend, weights, answer }) => [blend, weights, answer.result?.weights]),
        [
          ['review', { code: 0.8, qa: 0.2 }, { code: 0.8, qa: 0.2 }],
          ['most-math', { math: 0.9, code: 0.1 }, { math: 0.9, code: 0.1 }],
        ],
      );
      const merge = await runCell(cellThat(notebook, 'merge'));
      assert.ok(merge.kind === 'merge' && merge.relativeError !== null && merge.relativeError > 0.01);
      assert.deepEqual([merge.method, merge.path], ['ties', 'merged']);
    },

    async 'evaluate shows every system on every set'() {
      const shown = await runCell(cellThat(await open('steps.lora.json'), 'evaluate'));
      assert.ok(shown.kind === 'evaluate');
      assert.deepEqual(shown.sets, [{ name: 'math', expert: 'math', examples: 2 }]);
      const systems = shown.rows.map(row => row.system);
      for (const system of ['base', 'math', 'code', 'qa', 'routed', 'review', 'all'])
        assert.ok(systems.includes(system));
      assert.equal(shown.path, 'runs/three/report.json');
    },

    async 'an edit of a cell changes its part of the file alone; outputs are not in it'() {
      const notebook = await open('steps.lora.json');
      assert.equal(notebook.isDirty, false, 'outputs leave the recipe as it is');
      const cell = cellThat(notebook, 'blend');
      const edit = new WorkspaceEdit();
      const text = cell.document.getText();
      edit.replace(cell.document.uri, cell.document.validateRange(everything), text.replace('doubles', 'halves'));
      await workspace.applyEdit(edit);
      assert.ok(await notebook.save());
      assert.equal(read('steps.lora.json'), original.replace('doubles', 'halves'));
      await commands.executeCommand('undo');
    },

    async 'a byte order mark, line breaks, unknown keys and commas stay as they are'() {
      const before = read('odd.lora.json');
      const notebook = await open('odd.lora.json');
      const cell = notebook.getCells().find(({ document }) => document.getText().includes('"prompt"'))!;
      const edit = new WorkspaceEdit();
      edit.replace(cell.document.uri, cell.document.validateRange(everything), '{"do":"ask","prompt":"c"}');
      await workspace.applyEdit(edit);
      assert.ok(await notebook.save());
      assert.equal(read('odd.lora.json'), before.replace('{"do":"ask","prompt":"b",}', '{"do":"ask","prompt":"c"}'));
    },

    async 'opened again, outputs, order and durations are there where the step is what it was'() {
      await close();
      const notebook = await open('steps.lora.json');
      const [train, ask, blend] = ['train', 'ask', 'blend'].map(what => cellThat(notebook, what)) as [
        NotebookCell,
        NotebookCell,
        NotebookCell,
      ];
      await until(() => hasEnded(train) && hasEnded(ask) && hasEnded(cellThat(notebook, 'evaluate')));
      const shown = output(train);
      assert.ok(shown?.kind === 'train' && shown.curves[0]!.train.length === 12);
      assert.deepEqual([train.executionSummary?.executionOrder, ask.executionSummary?.executionOrder], [1, 2]);
      assert.equal(blend.outputs.length, 0, 'its prompt is another now');
      assert.equal(notebook.isDirty, false);
      assert.equal(read('steps.lora.json'), original.replace('doubles', 'halves'));
    },

    async 'a training is stopped, and goes on when its cell is run again'() {
      const cell = cellThat(await open('long.lora.json'), 'train');
      start(cell);
      await until(() => stepOf(cell) >= 2);
      await stop(cell);
      await until(() => hasEnded(cell));
      const stopped = output(cell)!;
      assert.ok(stopped.kind === 'train' && stopped.state === 'stopped');
      assert.equal(cell.executionSummary?.success, undefined);
      start(cell);
      await until(() => stepOf(cell) > stopped.step);
      const resumed = output(cell)!;
      assert.ok(resumed.kind === 'train' && resumed.state === 'running');
      assert.equal(resumed.curves[0]!.train[0]!.step, 1, 'what it has learned before is on the curve');
    },

    async 'closed and opened again, a notebook finds the training that is under way'() {
      await close();
      await until(() => !workspace.notebookDocuments.some(({ uri }) => uri.path.endsWith('long.lora.json')));
      const cell = cellThat(await open('long.lora.json'), 'train');
      await until(() => stepOf(cell) >= 3);
      const first = stepOf(cell);
      await until(() => stepOf(cell) > first);
      await stop(cell);
      await until(() => hasEnded(cell));
      const shown = output(cell)!;
      assert.ok(shown.kind === 'train' && shown.state === 'stopped');
    },

    async 'cells above one, from one on and all are run in their order; interrupted, what runs stops and the rest is not run'() {
      const notebook = await open('asks.lora.json');
      const asks = notebook.getCells().filter(cell => cell.document.getText().includes('"do": "ask"'));
      const [one, two, three, four] = asks as [NotebookCell, NotebookCell, NotebookCell, NotebookCell];
      const train = cellThat(notebook, 'train');
      const orders = () => asks.map(cell => cell.executionSummary?.executionOrder);
      const at = ({ index }: NotebookCell) => ({ ranges: [{ start: index, end: index + 1 }], document: notebook.uri });
      select(two);
      await commands.executeCommand('notebook.cell.executeCellsAbove', at(two));
      await until(() => hasEnded(one));
      const [first] = orders() as [number];
      assert.deepEqual(orders(), [first, undefined, undefined, undefined]);
      select(two);
      void commands.executeCommand('notebook.cell.executeCellAndBelow', at(two));
      await until(() => stepOf(train) >= 2);
      assert.deepEqual(orders(), [first, first + 1, first + 2, undefined]);
      await commands.executeCommand('notebook.cancelExecution', notebook.uri);
      await until(() => hasEnded(train));
      const stopped = output(train)!;
      assert.ok(stopped.kind === 'train' && stopped.state === 'stopped');
      assert.deepEqual([four.executionSummary?.executionOrder, four.outputs.length], [undefined, 0]);
      void commands.executeCommand('notebook.execute', notebook.uri);
      await until(() => stepOf(train) > stopped.step);
      const cells = notebook.getCells().filter(cell => cell.executionSummary?.executionOrder);
      const all = cells.map(cell => cell.executionSummary!.executionOrder!);
      assert.deepEqual(cells.slice(-4), [one, two, three, train]);
      // In the order of the notebook, its definitions first.
      assert.deepEqual(
        all,
        all.map((_, i) => all[0]! + i),
      );
      await commands.executeCommand('notebook.cancelExecution', notebook.uri);
      await until(() => hasEnded(train));
    },

    async 'after a restart of the engine a cell is run by the new one'() {
      const notebook = await open('asks.lora.json');
      await commands.executeCommand('multiLora.restartEngine');
      const shown = await runCell(notebook.getCells().find(cell => cell.document.getText().includes('"two"'))!);
      assert.ok(shown.kind === 'ask' && shown.answer.result && shown.answer.result.answerTokens > 0);
    },

    async 'a cell that would break the recipe is not saved and not run'() {
      await close();
      const notebook = await open('steps.lora.json');
      const before = read('steps.lora.json');
      const cell = cellThat(notebook, 'ask');
      const edit = new WorkspaceEdit();
      edit.replace(cell.document.uri, cell.document.validateRange(everything), '{ "do": "ask", ');
      await workspace.applyEdit(edit);
      await Promise.resolve(notebook.save()).catch(error => error);
      assert.equal(read('steps.lora.json'), before);
      start(cell);
      await until(() => cell.executionSummary?.success === false);
      const message = new TextDecoder().decode(cell.outputs[0]!.items[0]!.data);
      assert.match(message, /cell 11 is no step/);
      await commands.executeCommand('workbench.action.revertAndCloseActiveEditor');
    },
  });
}
