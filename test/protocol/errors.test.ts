import assert from 'node:assert/strict';
import test from 'node:test';
import { errorSentences } from '../../src/protocol/errors.ts';

test('an error is told in sentences; names stay as they are written', () => {
  const check = (message: string, hint: string | undefined, told: string) =>
    assert.equal(errorSentences(message, hint), told);
  check(
    "the base's config.json is not there: /a/config.json",
    undefined,
    "The base's config.json is not there: /a/config.json",
  );
  check("expert 'math' is not trained", 'Train it first.', "Expert 'math' is not trained. Train it first.");
  check('Nothing is selected.', 'Select some code.', 'Nothing is selected. Select some code.');
  check('adding.jsonl has problems', 'Mend them.', 'adding.jsonl has problems. Mend them.');
  check("q_proj of 'math' has 64 inputs", undefined, "q_proj of 'math' has 64 inputs");
});
