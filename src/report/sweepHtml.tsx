import type { Sweep } from '../protocol/sweep.ts';
import { count, significant } from '../text/numbers.ts';
import { DataTable, numeric } from './DataTable.tsx';
import { Facts } from './Facts.tsx';
import { htmlFile } from './htmlFile.tsx';
import { SweepPlot } from './SweepPlot.tsx';
import { lossText, sweepSentences } from './sweepFindings.ts';

/** A sweep as one HTML file that needs nothing else: losses against the rate, a line for each rank, and their numbers. */
export function sweepHtml(sweep: Sweep): string {
  return htmlFile(`${sweep.recipe}: sweep of ${sweep.expert}`, <SweepBody sweep={sweep} />);
}

function SweepBody({ sweep }: { sweep: Sweep }) {
  const { recipe, expert, base, steps, seed, trainExamples, validationTokens, isSetAside, autoRate, alpha } = sweep;
  const facts: [term: string, text: string][] = [
    ['Recipe', `${recipe}, seed ${seed}`],
    ['Base', `${base}; "learningRate": "auto" takes ${autoRate}`],
    ['Each point', `${count(steps)} steps, with the schedule of a run of these; scaling ${significant(alpha)} / rank`],
    [
      'Examples',
      `${count(trainExamples)} to learn from, ${count(validationTokens.length)} for validation${isSetAside ? ', set aside from them' : ''}`,
    ],
  ];
  return (
    <>
      <header>
        <p class="kind">Multi-LoRA sweep</p>
        <h1>{`${recipe}: ${expert}`}</h1>
        <p class="lead">{sweepSentences(sweep).join(' ')}</p>
      </header>
      <main>
        <section>
          <SweepPlot sweep={sweep} />
          <DataTable
            caption="Points"
            columns={numeric('learning rate', 'rank', 'validation loss', 'last training loss', 'tokens/s', 'seconds')}
            rows={sweep.points.map(p => [
              p.learningRate,
              count(p.rank),
              lossText(p),
              significant(p.trainLoss),
              Number.isFinite(p.tokensPerSecond) ? count(p.tokensPerSecond) : '–',
              p.seconds.toFixed(1),
            ])}
          />
        </section>
      </main>
      <footer>
        <Facts facts={facts} />
      </footer>
    </>
  );
}
