/** The colours of lines and marks; the themes' orange is too faint for a line. */
const series = ['blue', 'green', 'purple', 'yellow', 'red'] as const;

/** What the editor's theme says for drawings that style sheets do not reach. */
export interface ThemeColours {
  foreground: string;
  muted: string;
  line: string;
  background: string;
  font: string;
  /** One per line of a chart, from the start again when there are more. */
  series(index: number): string;
}

export function themeColours(): ThemeColours {
  const style = getComputedStyle(document.documentElement);
  const read = (name: string, otherwise: string) => style.getPropertyValue(name).trim() || otherwise;
  return {
    foreground: read('--vscode-foreground', '#888'),
    muted: read('--vscode-descriptionForeground', '#888'),
    line: read('--line', '#8884'),
    background: read('--vscode-editor-background', '#fff'),
    font: `11px ${read('--vscode-font-family', 'sans-serif')}`,
    series: index => read(`--vscode-charts-${series[index % series.length]}`, '#48c'),
  };
}

/** Calls back when the user has changed the theme: the editor then changes the page's classes and variables. */
export function onThemeChange(listener: () => void): () => void {
  const observer = new MutationObserver(listener);
  observer.observe(document.body, { attributeFilter: ['class'] });
  observer.observe(document.documentElement, { attributeFilter: ['style', 'class'] });
  return () => observer.disconnect();
}
