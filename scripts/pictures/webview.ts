/**
 * `npm run webview`: every view as a plain page in a browser, with recorded messages, in each of the editor's themes.
 * Reload the page after a change. Tests use `startPlainPages` itself.
 */
import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import { fileURLToPath } from 'node:url';
import { type BuildContext, context, type OutputFile } from 'esbuild';
import { viewPage } from '../../src/extension/webviews/viewPage.ts';
import { bundles, views } from '../build/bundles.mjs';

const themes = ['dark', 'light', 'high-contrast', 'high-contrast-light'] as const;
export type ThemeName = (typeof themes)[number];

export interface PlainPages {
  /** The address of a view; `recorded` names one of the recordings of `webview/VIEW/recorded.ts`, '' none of them. */
  address(view: string, theme: ThemeName, recorded?: string): string;
  close(): Promise<void>;
}

/** A view as it was built last, and what builds it again. */
interface Built {
  builders: BuildContext[];
  files: OutputFile[];
}

type Build = (view: string, last: Built | undefined) => Promise<Built>;

/** Serves the views on this machine alone; each is built when its page is asked for the first time. */
export function startPlainPages(): Promise<PlainPages> {
  return servePages(0, async (view, last) => last ?? build(view, last));
}

/** Serves what `build` makes of a view, and of how it was built last, whenever its page is asked for. */
async function servePages(port: number, build: Build): Promise<PlainPages> {
  const built = new Map<string, Built>();
  const server = createServer(async (request, response) => {
    const url = new URL(request.url ?? '/', 'http://localhost');
    try {
      await answer(url, response, built, build);
    } catch (error) {
      send(response, 500, 'text/plain', error instanceof Error ? error.message : String(error));
    }
  }).listen(port, '127.0.0.1');
  await once(server, 'listening');
  const at = server.address();
  if (at === null || typeof at === 'string') throw new Error('no port');
  return {
    address: (view, theme, recorded = 'default') =>
      `http://127.0.0.1:${at.port}/${view}?theme=${theme}&recorded=${recorded}`,
    async close() {
      server.close();
      server.closeAllConnections();
      for (const { builders } of built.values()) await Promise.all(builders.map(builder => builder.dispose()));
    },
  };
}

async function answer(url: URL, response: ServerResponse, built: Map<string, Built>, build: Build): Promise<void> {
  const [, name = '', file] = url.pathname.split('/');
  if (name === '') return send(response, 200, 'text/html', listOfViews());
  if (name === 'favicon.ico') return send(response, 204, 'image/x-icon', '');
  if (!views.includes(name)) return send(response, 404, 'text/plain', `There is no view '${name}'.`);
  if (!file) {
    built.set(name, await build(name, built.get(name)));
    return send(response, 200, 'text/html', pageOf(name, url.searchParams));
  }
  const found = built.get(name)?.files.find(({ path }) => path.endsWith(`/${file}`));
  if (!found) return send(response, 404, 'text/plain', `${file} is not there: ask for the page first.`);
  send(response, 200, file.endsWith('.css') ? 'text/css' : 'text/javascript', found.contents);
}

async function build(view: string, last: Built | undefined): Promise<Built> {
  const builders = last?.builders ?? (await buildersOf(view));
  const made = await Promise.all(builders.map(builder => builder.rebuild()));
  return { builders, files: made.flatMap(({ outputFiles }) => outputFiles ?? []) };
}

/** Of the view's own bundle, the recorded host, and the themes' variables. */
function buildersOf(view: string): Promise<BuildContext[]> {
  const { options } = bundles.find(({ name }) => name === `webview-${view}`)!;
  const common = { ...options, write: false, metafile: false, sourcemap: 'linked' as const };
  return Promise.all([
    context(common),
    context({ ...common, entryPoints: { recorded: `webview/${view}/recorded.ts` } }),
    context({ ...common, entryPoints: { plainThemes: 'webview/components/plainThemes.css' } }),
  ]);
}

/** As the editor makes it, with the recorded host before the view and the theme on the page. */
function pageOf(view: string, query: URLSearchParams): string {
  const theme = themes.find(name => name === query.get('theme')) ?? 'dark';
  const page = viewPage({
    title: view,
    subject: '',
    source: "'self'",
    nonce: 'plain',
    // Without a recording the editor's place is taken by whoever opens the page.
    scripts: [...(query.get('recorded') === '' ? [] : [`/${view}/recorded.js`]), `/${view}/${view}.js`],
    styles: [`/${view}/plainThemes.css`, `/${view}/${view}.css`],
  });
  const kind = `vscode-${theme}`;
  const classes = theme === 'high-contrast-light' ? `${kind} vscode-high-contrast` : kind;
  return page.replace('<body', `<body class="${classes}" data-vscode-theme-kind="${kind}"`);
}

function listOfViews(): string {
  const rows = views.map(view => {
    const links = themes.map(theme => `<a href="/${view}?theme=${theme}">${theme}</a>`);
    return `<li>${view}: ${links.join(' · ')}</li>`;
  });
  return `<!DOCTYPE html><html lang="en"><title>Views</title><h1>Views</h1><ul>${rows.join('')}</ul></html>`;
}

function send(response: ServerResponse, status: number, type: string, body: string | Uint8Array): void {
  response.writeHead(status, { 'content-type': `${type}; charset=utf-8`, 'cache-control': 'no-store' }).end(body);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const pages = await servePages(Number(process.env.PORT ?? 4173), build);
  process.stdout.write(`Views: ${new URL('/', pages.address('', 'dark')).href} (Ctrl+C ends it)\n`);
}
