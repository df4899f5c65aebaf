import assert from 'node:assert/strict';
import { LanguageModelChatMessage, lm, workspace } from 'vscode';
import { runSuite } from './suite.ts';

export function run(): Promise<void> {
  return runSuite({
    async 'in a workspace that is not trusted its recipes and settings start nothing; the base answers alone'() {
      assert.equal(workspace.isTrusted, false);
      const models = await lm.selectChatModels({ vendor: 'multi-lora' });
      assert.deepEqual(
        models.map(m => m.id),
        ['base'],
      );
      assert.equal(
        workspace.getConfiguration('multiLora').get('recipe'),
        '',
        'the setting of the workspace is not read',
      );
      const response = await models[0]!.sendRequest([LanguageModelChatMessage.User('Hi')], {});
      for await (const piece of response.text) assert.equal(typeof piece, 'string');
    },
  });
}
