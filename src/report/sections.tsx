import type { ComponentChildren } from 'preact';
import type { ShownReport } from '../protocol/views/report.ts';
import { Accuracy } from './Accuracy.tsx';
import { Blends } from './Blends.tsx';
import { Controls } from './Controls.tsx';
import { controlsOf } from './controls.ts';
import { Examples } from './Examples.tsx';
import { Forgetting } from './Forgetting.tsx';
import { LossPlots } from './LossPlots.tsx';
import { Merges } from './Merges.tsx';
import { Router } from './Router.tsx';
import { Storage } from './Storage.tsx';
import { Training } from './Training.tsx';

/** A part of the page under its own heading; `id` is the target of the contents line. */
export interface ReportSection {
  id: string;
  heading: string;
  body: ComponentChildren;
}

/** What a page that runs programs draws in another way than a file. */
export interface LiveParts {
  curves?: ComponentChildren;
  examples?: ComponentChildren;
}

/** The report's parts in their order; those that it lacks are left out. */
export function reportSections(shown: ShownReport, live: LiveParts = {}): ReportSection[] {
  const { report, rows } = shown;
  const { router, sets, merges, experts, curves, blends, examples } = report;
  const parts: (ReportSection | false | undefined)[] = [
    rows.length > 0 && sets.length > 0 && { id: 'accuracy', heading: 'Accuracy', body: <Accuracy shown={shown} /> },
    shown.report.sets.length > 0 &&
      controlsOf(shown.report) && { id: 'controls', heading: 'What to use', body: <Controls shown={shown} /> },
    { id: 'forgetting', heading: 'Forgetting', body: <Forgetting shown={shown} /> },
    router && { id: 'router', heading: 'Router', body: <Router router={router} /> },
    merges.length > 0 && { id: 'merges', heading: 'Merges', body: <Merges shown={shown} /> },
    experts.length + curves.length > 0 && {
      id: 'training',
      heading: 'Training',
      body: <Training report={report}>{live.curves ?? <LossPlots report={report} />}</Training>,
    },
    { id: 'storage', heading: 'Storage and memory', body: <Storage shown={shown} /> },
    blends.length > 0 && { id: 'blends', heading: 'Blends', body: <Blends shown={shown} /> },
    examples.length > 0 && {
      id: 'examples',
      heading: 'Examples',
      body: live.examples ?? <Examples report={report} />,
    },
  ];
  return parts.filter(part => part !== false && part !== undefined);
}

export function Contents({ sections }: { sections: readonly ReportSection[] }) {
  return (
    <nav aria-label="Contents">
      <ul>
        {sections.map(({ id, heading }) => (
          <li key={id}>
            <a href={`#${id}`}>{heading}</a>
          </li>
        ))}
      </ul>
    </nav>
  );
}

export function Sections({ sections }: { sections: readonly ReportSection[] }) {
  return sections.map(({ id, heading, body }) => (
    <section key={id} id={id} aria-labelledby={`${id}-heading`}>
      <h2 id={`${id}-heading`}>{heading}</h2>
      {body}
    </section>
  ));
}
