import type { ComponentChildren } from 'preact';
import { renderToString } from 'preact-render-to-string';
import { fileStyle } from './style.ts';

/**
 * A page as one HTML file that needs nothing else: no script, no font, no network (its content security policy forbids
 * them). Every text in it is escaped.
 */
export function htmlFile(title: string, body: ComponentChildren): string {
  const page = (
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta
          http-equiv="Content-Security-Policy"
          content="default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
        />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <title>{title}</title>
        <style>{fileStyle}</style>
      </head>
      <body>{body}</body>
    </html>
  );
  return `<!doctype html>\n${writable(renderToString(page))}\n`;
}

/**
 * A model may emit any character: controls other than tab and line feed, which HTML forbids, and halves of surrogate pairs,
 * which UTF-8 cannot hold, become U+FFFD.
 */
function writable(page: string): string {
  return page.replace(/\r\n/g, '\n').replace(/\p{Cs}|(?![\t\n])\p{Cc}/gu, '\ufffd');
}
