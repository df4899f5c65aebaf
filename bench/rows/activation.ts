import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { installEditor } from '../../test/extension/support/installEditor.ts';
import { runInHost } from '../../test/extension/support/runInHost.ts';
import { median } from '../measure.ts';
import type { Row, RowGroup } from '../row.ts';
import { number } from '../table.ts';

/** Each in a window of its own. */
const turns = 3;

/** Loading and activating the extension in a real editor. */
export const activation: RowGroup = {
  name: 'activation',
  about: 'the extension in an editor (as `npm run build` left it): ms of its host’s thread until it is active',
  async run({ say }) {
    const editor = installEditor();
    if ('missing' in editor) throw new Error(editor.missing);
    const folder = mkdtempSync(join(tmpdir(), 'bench-activation-'));
    const found: { computed: number; ms: number }[] = [];
    try {
      for (let i = 0; i < turns; i++) {
        say(`activation: window ${i + 1} of ${turns}`);
        const { results } = await runInHost(editor, 'activation.ts', { folder });
        const [{ error, notes }] = results as [(typeof results)[number]];
        if (error) throw new Error(error);
        found.push(JSON.parse(notes[0]!));
      }
    } finally {
      rmSync(folder, { recursive: true });
    }
    return [rowOf(found)];
  },
};

function rowOf(found: readonly { computed: number; ms: number }[]): Row {
  const fastest = Math.min(...found.map(({ ms }) => ms));
  return {
    group: 'activation',
    name: 'computed until the extension is active',
    unit: 'ms',
    value: median(found.map(({ computed }) => computed)),
    against: undefined,
    // What a busy machine adds to the time is not in what the thread computes.
    target: { kind: 'valueAtMost', is: 100 },
    notes: [`by the clock ${number(fastest)} ms in the fastest of ${turns} windows`],
  };
}
