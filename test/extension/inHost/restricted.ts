import assert from 'node:assert/strict';
import {
  type CompletionList,
  commands,
  LanguageModelChatMessage,
  languages,
  lm,
  Position,
  Uri,
  window,
  workspace,
} from 'vscode';
import { notebookType } from '../../../src/extension/contributions/editors.ts';
import { type SettingContribution, settings } from '../../../src/extension/contributions/settings.ts';
import { enginePids } from './engineProcess.ts';
import { invokeTool } from './invokeTool.ts';
import { runSuite } from './suite.ts';

export function run(): Promise<void> {
  return runSuite({
    async 'settings of the workspace are not read, and typing starts no engine'() {
      const restricted = Object.entries<SettingContribution>(settings).filter(([, setting]) => setting.restricted);
      assert.ok(restricted.length >= 11);
      const read = workspace.getConfiguration('multiLora');
      for (const [id, { default: value }] of restricted)
        assert.equal(read.get(id), read.inspect(id)?.globalValue ?? value, id);
      const [folder] = workspace.workspaceFolders!;
      await window.showTextDocument(Uri.joinPath(folder!.uri, 'double.js'));
      await commands.executeCommand('type', { text: 'let a = ' });
      await commands.executeCommand('editor.action.inlineSuggest.trigger');
      await new Promise(resolve => setTimeout(resolve, 1500));
      assert.deepEqual(enginePids(), []);
      await commands.executeCommand('workbench.action.files.revert');
    },

    async 'the trees are empty and start nothing'() {
      for (const view of ['recipes', 'experts', 'runs', 'bases'])
        await commands.executeCommand(`multiLora.${view}.focus`);
      await new Promise(resolve => setTimeout(resolve, 1500));
      assert.deepEqual(enginePids(), []);
      await commands.executeCommand('multiLora.expert.load', { about: { recipe: '/none', expert: 'math' } });
      assert.deepEqual(enginePids(), []);
    },

    async 'in a workspace that is not trusted its recipes and settings start nothing; the base answers alone'() {
      assert.equal(workspace.isTrusted, false);
      const models = await lm.selectChatModels({ vendor: 'multi-lora' });
      assert.deepEqual(
        models.map(m => m.id),
        ['base'],
      );
      const response = await models[0]!.sendRequest([LanguageModelChatMessage.User('Hi')], {});
      for await (const piece of response.text) assert.equal(typeof piece, 'string');
    },

    async 'agents are offered no server, and tools train nothing'() {
      await commands.executeCommand('workbench.mcp.startServer', '*', { waitForLiveTools: true });
      assert.deepEqual(
        lm.tools.filter(({ name }) => name.startsWith('mcp_multi-lora')),
        [],
      );
      await assert.rejects(invokeTool('multiLora_train', { recipe: 'three.lora.json' }), /not trusted/);
    },

    async 'recipes are checked and completed, and nothing can be run from them'() {
      const [folder] = workspace.workspaceFolders!;
      const uri = Uri.joinPath(folder!.uri, 'wrong.lora.json');
      const text = '{ "sed": 3, "experts": { "math": { "data": { "train": "math.jsonl" } } } }';
      await workspace.fs.writeFile(uri, new TextEncoder().encode(text));
      await workspace.openTextDocument(uri);
      const end = Date.now() + 180_000;
      while (languages.getDiagnostics(uri).length === 0 && Date.now() < end)
        await new Promise(resolve => setTimeout(resolve, 100));
      assert.deepEqual(
        languages.getDiagnostics(uri).map(d => d.message),
        ["'sed' is not a key of a recipe; did you mean 'seed'?"],
      );
      const at = new Position(0, text.indexOf('math.jsonl'));
      const found = await commands.executeCommand<CompletionList>('vscode.executeCompletionItemProvider', uri, at);
      const labels = found.items.map(({ label }) => (typeof label === 'string' ? label : label.label));
      assert.ok(labels.includes('code.jsonl'), labels.join());
      assert.deepEqual(await commands.executeCommand('vscode.executeCodeLensProvider', uri), []);
      await workspace.fs.delete(uri);
    },

    async 'a recipe opens as a notebook, and none of its cells is run'() {
      const [folder] = workspace.workspaceFolders!;
      const uri = Uri.joinPath(folder!.uri, 'three.lora.json');
      await commands.executeCommand('vscode.openWith', uri, notebookType);
      const notebook = workspace.notebookDocuments.find(n => n.uri.fsPath === uri.fsPath)!;
      const cell = notebook.cellAt(0);
      assert.match(cell.document.getText(), /"name": "three experts"/);
      // The editor asks whether the workspace is to be trusted, and waits for the answer.
      void commands.executeCommand('notebook.cell.execute', { ranges: [{ start: 0, end: 1 }], document: uri });
      await new Promise(resolve => setTimeout(resolve, 1500));
      assert.equal(cell.executionSummary?.timing, undefined);
      assert.deepEqual(cell.outputs, []);
    },
  });
}
