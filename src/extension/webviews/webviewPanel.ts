import {
  type Disposable,
  type LogOutputChannel,
  type Uri,
  ViewColumn,
  type Webview,
  type WebviewPanel,
  window,
} from 'vscode';
import { type PanelView, panelType } from '../contributions/panels.ts';

/** Of a view: `webview/NAME/main.ts` is its program, bundled into `dist/webview`. */
export type ViewName = PanelView | 'report';

/** What views need of the extension. */
export interface ViewContext {
  extensionUri: Uri;
  log: LogOutputChannel;
}

/** A view in panels of its own, at most one per subject. */
export interface PanelKind {
  name: PanelView;
  title(subject: string): string;
  /** Called with every panel that opens, and with every one that comes back after a reload. Returns what ends with it. */
  connect(webview: Webview, subject: string): Disposable;
}

export interface Panels extends Disposable {
  /** Opens the subject's panel, or shows it where it is. */
  open(subject: string): WebviewPanel;
}

/** Registered once, at activation: the editor brings panels back through it. */
export function registerPanels({ name, title, connect }: PanelKind): Panels {
  const type = panelType(name);
  const panels = new Map<string, WebviewPanel>();

  function adopt(panel: WebviewPanel, subject: string): void {
    panels.set(subject, panel);
    panel.title = title(subject);
    const connection = connect(panel.webview, subject);
    panel.onDidDispose(() => {
      panels.delete(subject);
      connection.dispose();
    });
  }

  const serializer = window.registerWebviewPanelSerializer(type, {
    async deserializeWebviewPanel(panel, kept: unknown) {
      const subject = (kept as { subject?: unknown } | undefined)?.subject;
      // A page that has kept nothing cannot say what it was about.
      if (typeof subject !== 'string' || panels.has(subject)) return panel.dispose();
      adopt(panel, subject);
    },
  });
  return {
    open(subject) {
      const there = panels.get(subject);
      there?.reveal();
      if (there) return there;
      const panel = window.createWebviewPanel(type, title(subject), ViewColumn.Active, {});
      adopt(panel, subject);
      return panel;
    },
    dispose() {
      serializer.dispose();
      for (const panel of panels.values()) panel.dispose();
    },
  };
}
