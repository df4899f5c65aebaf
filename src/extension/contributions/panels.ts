/** Views in panels of their own, by the folder in `webview` that has the program. */
export const panelViews = ['blend', 'training'] as const;
export type PanelView = (typeof panelViews)[number];

/** What the editor calls such panels, and wakes the extension for when it brings one back after a reload. */
export function panelType(view: PanelView): string {
  return `multiLora.${view}`;
}
