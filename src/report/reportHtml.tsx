import type { Report } from '../protocol/report.ts';
import type { ShownReport } from '../protocol/views/report.ts';
import { Footer } from './Footer.tsx';
import { Headline, Subtitle } from './Headline.tsx';
import { htmlFile } from './htmlFile.tsx';
import { Contents, reportSections, Sections } from './sections.tsx';
import { shownReports } from './shownReport.ts';

/** The report as one HTML file that needs nothing else. Parts that the report lacks are left out. */
export function reportHtml(report: Report): string {
  const [shown] = shownReports([{ path: '', report }]);
  return htmlFile(`${report.recipe.name}: multi-LoRA report`, <ReportBody shown={shown!} />);
}

function ReportBody({ shown }: { shown: ShownReport }) {
  const sections = reportSections(shown);
  return (
    <>
      <header>
        <p class="kind">Multi-LoRA report</p>
        <h1>{shown.report.recipe.name}</h1>
        <Subtitle shown={shown} />
        <Headline shown={shown} />
        <Contents sections={sections} />
      </header>
      <main>
        <Sections sections={sections} />
      </main>
      <Footer report={shown.report} />
    </>
  );
}
