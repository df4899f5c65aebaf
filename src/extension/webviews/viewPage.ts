/** The page of a view, before its program has painted anything. */
export interface ViewPage {
  title: string;
  /** Where style sheets and pictures may come from. */
  source: string;
  /** A fresh random word of every page: scripts without it do not run. The toolkit reads it from a meta element. */
  nonce: string;
  /** Run in this order. */
  scripts: string[];
  styles: string[];
  /** What the page is about; the program reads it. */
  subject: string;
}

/**
 * HTML with a policy under which nothing runs but the named scripts and what they import: no inline script, no style
 * attribute, nothing remote. `data:` is for pictures that the page has drawn itself.
 */
export function viewPage({ title, source, nonce, scripts, styles, subject }: ViewPage): string {
  const policy = [
    "default-src 'none'",
    `script-src 'nonce-${nonce}'`,
    `style-src ${source} 'nonce-${nonce}'`,
    `img-src ${source} data:`,
    `font-src ${source}`,
  ];
  const script = (path: string) => `<script type="module" nonce="${escaped(nonce)}" src="${escaped(path)}"></script>`;
  return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${escaped(policy.join('; '))}">
<meta property="csp-nonce" content="${escaped(nonce)}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escaped(title)}</title>
${styles.map(path => `<link rel="stylesheet" href="${escaped(path)}">`).join('\n')}
</head>
<body data-subject="${escaped(subject)}">
<main id="view" aria-busy="true"><p class="muted">Loading…</p></main>
${scripts.map(script).join('\n')}
</body>
</html>
`;
}

const entities: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, character => entities[character]!);
}
