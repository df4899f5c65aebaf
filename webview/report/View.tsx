import { render } from 'preact';
import type { ShownReport } from '../../src/protocol/views/report.ts';
import { FigureAction } from '../../src/report/Figure.tsx';
import { Footer } from '../../src/report/Footer.tsx';
import { Headline, Subtitle } from '../../src/report/Headline.tsx';
import { heatRules } from '../../src/report/heat.ts';
import { Contents, reportSections, Sections } from '../../src/report/sections.tsx';
import { structure } from '../../src/report/style.ts';
import { elementPng } from '../components/png.ts';
import { Comparison } from './Comparison.tsx';
import { Dropdown } from './Dropdown.tsx';
import { FilteredExamples } from './FilteredExamples.tsx';
import { LossCharts } from './LossCharts.tsx';
import { SavePngButton } from './SavePngButton.tsx';

/** What is asked of the host. */
export interface Actions {
  compare(): void;
  stopComparing(): void;
  /** Shows the sections of another of the reports. */
  show(path: string): void;
  save(path: string, format: 'html' | 'markdown' | 'json'): void;
  /** Asks where to keep a picture, and keeps it. */
  savePng(path: string, name: string, png: string | Promise<string>): void;
}

export interface ViewProps {
  /** The view's own report first. */
  reports: readonly ShownReport[];
  /** The one that the sections show. */
  shown: ShownReport;
  actions: Actions;
}

const sheet = new CSSStyleSheet();
sheet.replaceSync(`${structure}
${heatRules('dark')}
.vscode-light, .vscode-high-contrast-light {
${heatRules('light')}
}`);
document.adoptedStyleSheets.push(sheet);

/** Draws the page, or what has changed in it since it was drawn last. */
export function drawReport(place: HTMLElement, props: ViewProps): void {
  render(<View {...props} />, place);
}

/** The sections of a report's file, with what only a page that runs programs can have. */
function View({ reports, shown, actions }: ViewProps) {
  const savePng = (name: string, png: string | Promise<string>) => actions.savePng(shown.path, name, png);
  const parts = reportSections(shown, {
    curves: <LossCharts reports={reports} shown={shown} savePng={savePng} />,
    examples: <FilteredExamples key={shown.path} examples={shown.report.examples} />,
  });
  const sections =
    reports.length > 1
      ? [{ id: 'comparison', heading: 'Comparison', body: <Comparison reports={reports} /> }, ...parts]
      : parts;
  const saveFigure = (title: string) => (
    <SavePngButton
      title={title}
      onClick={button => savePng(title, elementPng(button.closest('figure')!.querySelector('.picture')!, { title }))}
    />
  );
  return (
    <FigureAction.Provider value={saveFigure}>
      <header>
        <div class="title">
          <h1>{shown.report.recipe.name}</h1>
          <Toolbar reports={reports} shown={shown} actions={actions} />
        </div>
        <Subtitle shown={shown} />
        <Headline shown={shown} />
      </header>
      <Contents sections={sections} />
      <Sections sections={sections} />
      <Footer report={shown.report} />
    </FigureAction.Provider>
  );
}

function Toolbar({ reports, shown, actions }: ViewProps) {
  const isComparing = reports.length > 1;
  const save = (format: 'html' | 'markdown' | 'json') => () => actions.save(shown.path, format);
  return (
    <div class="row" role="toolbar" aria-label="Report">
      {isComparing && (
        <Dropdown
          key={JSON.stringify(reports.map(({ path }) => path))}
          id="shown"
          name="Report whose details are shown"
          options={reports.map(({ path, label }) => [path, label])}
          value={shown.path}
          onChange={actions.show}
        />
      )}
      <vscode-button appearance="primary" onClick={actions.compare}>
        {isComparing ? 'Compare with more…' : 'Compare with…'}
      </vscode-button>
      {isComparing && (
        <vscode-button appearance="secondary" onClick={actions.stopComparing}>
          Stop comparing
        </vscode-button>
      )}
      <vscode-button appearance="secondary" onClick={save('html')}>
        Save HTML
      </vscode-button>
      <vscode-button appearance="secondary" onClick={save('markdown')}>
        Save Markdown
      </vscode-button>
      <vscode-button appearance="secondary" onClick={save('json')}>
        Save JSON
      </vscode-button>
    </div>
  );
}
