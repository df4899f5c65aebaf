import type { ShownCheckpoint } from '../../src/protocol/views/training.ts';
import { bytes, count, significant } from '../../src/text/numbers.ts';
import { type Child, element, replaceContent } from '../components/dom.ts';
import { problemBox, problemNote } from '../components/problem.ts';
import { dataTable, spoken } from '../components/table.ts';
import { timeText } from './runText.ts';

export interface CheckpointOptions {
  load(run: string): Promise<readonly ShownCheckpoint[]>;
  /** Another run goes on from there; false where its user wants nothing replaced. */
  restore(run: string, step: number): Promise<boolean>;
  /** Gives the path of the adapter that was there before. */
  promote(run: string, step: number, expert: string, isBest: boolean): Promise<string | undefined>;
}

export interface CheckpointsView {
  element: HTMLElement;
  /** Reads a run's checkpoints anew. */
  show(run: string, isRunning: boolean): Promise<void>;
}

/** The checkpoints that a run keeps: to go on from, or to make an expert's adapter. */
export function checkpointsView({ load, restore, promote }: CheckpointOptions): CheckpointsView {
  const content = element('div', {});
  const status = element('p', { class: 'status', role: 'status' });
  let shown = '';

  async function act(work: () => Promise<string | undefined>): Promise<void> {
    try {
      replaceContent(status, await work());
    } catch (error) {
      replaceContent(status, problemNote(error));
    }
  }

  function button(label: string, title: string, disabled: boolean, work: () => Promise<string | undefined>) {
    return element('vscode-button', { appearance: 'secondary', title, disabled, onclick: () => void act(work) }, label);
  }

  function rowsOf(
    run: string,
    { step, savedAt, bytes: size, experts }: ShownCheckpoint,
    isRunning: boolean,
  ): Child[][] {
    return experts.map((expert, i) => {
      const { name, trainLoss = Number.NaN, best } = expert;
      const make = (isBest: boolean) => async () => {
        const previous = await promote(run, step, name, isBest);
        const at = isBest ? best!.step : expert.step;
        const kept = previous ? ` The one before is kept in ${previous}.` : '';
        return `${name}: the factors of step ${at} are its adapter now.${kept}`;
      };
      return [
        i === 0 ? count(step) : spoken(count(step)),
        i === 0 ? `${timeText(savedAt)}, ${bytes(size)}` : '',
        name,
        significant(trainLoss),
        best ? `${significant(best.loss)} at ${count(best.step)}` : '–',
        element(
          'div',
          { class: 'row' },
          i === 0 &&
            button(
              'Go On from Here',
              `A new run goes on from step ${step}, with the recipe as it is now`,
              isRunning,
              async () => {
                return (await restore(run, step)) ? `A new run goes on from step ${step}.` : undefined;
              },
            ),
          button(
            'Make It the Adapter',
            `The factors of ${name} at step ${expert.step} become its adapter`,
            isRunning,
            make(false),
          ),
          best &&
            best.step !== expert.step &&
            button(
              `Take the Best (${count(best.step)})`,
              `The factors of ${name} with the lowest validation loss, of step ${best.step}, become its adapter`,
              isRunning,
              make(true),
            ),
        ),
      ];
    });
  }

  return {
    element: element(
      'section',
      { class: 'checkpoints', 'aria-label': 'Checkpoints of the run' },
      element('h3', {}, 'Checkpoints'),
      content,
      status,
    ),
    async show(run, isRunning) {
      if (run !== shown) replaceContent(status);
      shown = run;
      try {
        const checkpoints = await load(run);
        if (run !== shown) return;
        const columns: Child[] = ['step', 'saved', 'expert', 'loss', 'best validation', spoken('actions')];
        const rows = checkpoints.flatMap(checkpoint => rowsOf(run, checkpoint, isRunning));
        replaceContent(
          content,
          checkpoints.length > 0
            ? dataTable(
                'Checkpoints',
                columns.map((head, i) => ({ head, numeric: i === 0 || i === 3 })),
                rows,
              )
            : element('p', { class: 'muted' }, 'None yet: one is written at intervals, on a pause and at the end.'),
        );
      } catch (error) {
        replaceContent(content, problemBox(error));
      }
    },
  };
}
