import type { ReportGeneralText } from '../protocol/report.ts';
import type { ShownReport } from '../protocol/views/report.ts';
import { count, points, signedCount } from '../text/numbers.ts';
import { DataTable, numeric } from './DataTable.tsx';
import { Figure, Keys, Numbers } from './Figure.tsx';
import { generalTextRows, generalTextSentence } from './generalText.ts';
import { type Sequential, SequentialPlots } from './SequentialPlots.tsx';
import { share } from './scoreGrid.ts';

/** The bank of adapters, and beside it one adapter trained on one domain after the other. */
export function Forgetting({ shown }: { shown: ShownReport }) {
  const { report } = shown;
  const { sequential } = report.forgetting;
  return (
    <>
      <p class="lead">{bankSentence(shown)}</p>
      <div class={sequential ? 'columns uneven' : 'columns'}>
        <div>
          <h3>One adapter per expert</h3>
          {report.forgetting.experts.length > 0 && <BankTable experts={report.forgetting.experts} />}
          <dl class="hashes">
            <dt>Base hash before</dt>
            <dd>{report.base.hashBefore}</dd>
            <dt>Base hash after</dt>
            <dd>{report.base.hashAfter}</dd>
          </dl>
        </div>
        {sequential && (
          <div>
            <Figure
              title="One adapter for all, trained in sequence"
              below={
                <Numbers>
                  <StageTable sequential={sequential} />
                </Numbers>
              }
            >
              <p class="note">{shown.forgetting.sequential}</p>
              <Keys
                keys={[
                  ['line', 'sequential adapter'],
                  ['line dashed', 'own expert in the bank'],
                  ['block band', 'stage that trains the set'],
                ]}
              />
              <SequentialPlots report={report} sequential={sequential} />
            </Figure>
          </div>
        )}
      </div>
      {report.forgetting.generalText && <GeneralText measured={report.forgetting.generalText} />}
    </>
  );
}

function bankSentence({ report, forgetting }: ShownReport): string {
  const { answersLost, hashUnchanged, nothingForgotten } = forgetting;
  const { gateZeroBitEqual, gateZeroDifference, probeTokens } = report.forgetting;
  const logits = gateZeroBitEqual
    ? `With all gates at zero the base's logits are the same bit for bit after training as before it (${count(probeTokens)} probe tokens)`
    : `With all gates at zero the base's logits differ by up to ${gateZeroDifference} (${count(probeTokens)} probe tokens)`;
  const hash = `the hash of its weights is ${hashUnchanged ? 'unchanged' : 'not the one it had'}`;
  const lost =
    answersLost === 0
      ? 'no expert lost an answer to the training of the others'
      : `experts lost ${count(answersLost)} answers to the training of the others`;
  return `${nothingForgotten ? 'Nothing was forgotten. ' : ''}${logits}, ${hash}, and ${lost}.`;
}

function BankTable({ experts }: { experts: ShownReport['report']['forgetting']['experts'] }) {
  return (
    <DataTable
      caption="Right answers of each expert, trained alone and with all others trained and loaded"
      columns={[{ head: 'expert' }, { head: 'set' }, ...numeric('alone', 'with all', 'of', 'change')]}
      rows={experts.map(({ expert, set, before, after, total }) => [
        expert,
        set,
        count(before),
        count(after),
        count(total),
        signedCount(after - before),
      ])}
    />
  );
}

function GeneralText({ measured }: { measured: ReportGeneralText }) {
  return (
    <>
      <h3>General text</h3>
      <p class="note">{generalTextSentence(measured)}</p>
      <DataTable
        caption="Loss on general text, nats a token; a rise is what an expert costs where it is not asked for"
        columns={[{ head: 'system' }, ...numeric('loss', 'rise', '95 %')]}
        rows={generalTextRows(measured)}
      />
    </>
  );
}

function StageTable({ sequential: { order, stages, forgotten } }: { sequential: Sequential }) {
  return (
    <DataTable
      caption="Accuracy of the sequential adapter after each stage, per cent"
      columns={[{ head: 'trained on' }, ...numeric(...order)]}
      rows={[
        ...stages.map(({ trainedOn, correct, total }) => [
          trainedOn,
          ...order.map(set => (total[set] ? points(share({ correct: correct[set] ?? 0, total: total[set] })) : '–')),
        ]),
        ['forgotten', ...order.map(set => points(forgotten[set] ?? 0))],
      ]}
    />
  );
}
