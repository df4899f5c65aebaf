import './notebook.css';
import type { StepOutput } from '../../src/protocol/notebookOutput.ts';
import { createDrawing, type Drawing } from './drawing.ts';

/** What the editor hands a renderer of notebook outputs: https://code.visualstudio.com/api/extension-guides/notebook */
interface OutputItem {
  id: string;
  json(): unknown;
}

/** Draws outputs of steps. An output that changes while its cell is run is drawn on. */
export function activate() {
  loadStyles();
  const drawings = new Map<string, Drawing>();

  function dispose(id: string): void {
    drawings.get(id)?.dispose();
    drawings.delete(id);
  }

  return {
    renderOutputItem(item: OutputItem, target: HTMLElement): void {
      const output = item.json() as StepOutput;
      const before = drawings.get(item.id);
      const goesOn = before?.kind === output.kind && target.contains(before.element);
      if (!goesOn) dispose(item.id);
      const drawing = goesOn ? before : createDrawing(output.kind);
      drawings.set(item.id, drawing);
      if (!goesOn) target.replaceChildren(drawing.element);
      drawing.update(output);
    },
    disposeOutputItem(id?: string): void {
      for (const each of id === undefined ? [...drawings.keys()] : [id]) dispose(each);
    },
  };
}

/** The style sheet lies beside the program; the page with the outputs knows the program alone. */
function loadStyles(): void {
  const link = document.createElement('link');
  link.rel = 'stylesheet';
  link.href = new URL('notebook.css', import.meta.url).href;
  document.head.append(link);
}
