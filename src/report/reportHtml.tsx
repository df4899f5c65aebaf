import { renderToString } from 'preact-render-to-string';
import type { Report } from '../protocol/report.ts';
import type { ShownReport } from '../protocol/views/report.ts';
import { Footer } from './Footer.tsx';
import { Headline, Subtitle } from './Headline.tsx';
import { Contents, reportSections, Sections } from './sections.tsx';
import { shownReports } from './shownReport.ts';
import { fileStyle } from './style.ts';

/**
 * The report as one HTML file that needs nothing else: no script, no font, no network (its content security policy
 * forbids them). Every text of the report is escaped. Parts that the report lacks are left out.
 */
export function reportHtml(report: Report): string {
  const [shown] = shownReports([{ path: '', report }]);
  return `<!doctype html>\n${writable(renderToString(<ReportFile shown={shown!} />))}\n`;
}

function ReportFile({ shown }: { shown: ShownReport }) {
  const { name } = shown.report.recipe;
  const sections = reportSections(shown);
  return (
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta
          http-equiv="Content-Security-Policy"
          content="default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
        />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <title>{`${name}: multi-LoRA report`}</title>
        <style>{fileStyle}</style>
      </head>
      <body>
        <header>
          <p class="kind">Multi-LoRA report</p>
          <h1>{name}</h1>
          <Subtitle shown={shown} />
          <Headline shown={shown} />
          <Contents sections={sections} />
        </header>
        <main>
          <Sections sections={sections} />
        </main>
        <Footer report={shown.report} />
      </body>
    </html>
  );
}

/**
 * A model may emit any character: controls other than tab and line feed, which HTML forbids, and halves of surrogate pairs,
 * which UTF-8 cannot hold, become U+FFFD.
 */
function writable(page: string): string {
  return page.replace(/\r\n/g, '\n').replace(/\p{Cs}|(?![\t\n])\p{Cc}/gu, '\ufffd');
}
