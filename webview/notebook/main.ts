import './notebook.css';
import type { StepOutput, TrainOutput } from '../../src/protocol/notebookOutput.ts';
import { element, replaceContent } from '../components/dom.ts';
import { askView, blendView } from './answers.ts';
import { checkView } from './check.ts';
import { evaluateView } from './evaluate.ts';
import { mergeView } from './merge.ts';
import { trainingDrawing } from './training.ts';

/** What the editor hands a renderer of notebook outputs: https://code.visualstudio.com/api/extension-guides/notebook */
interface OutputItem {
  id: string;
  json(): unknown;
}

/** An output on the page. */
interface Drawing {
  kind: StepOutput['kind'];
  element: HTMLElement;
  update(output: StepOutput): void;
  dispose(): void;
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

function createDrawing(kind: StepOutput['kind']): Drawing {
  const root = element('div', { class: `lora-step lora-${kind}` });
  if (kind !== 'train')
    return { kind, element: root, update: output => replaceContent(root, viewOf(output)), dispose() {} };
  const training = trainingDrawing(root);
  return { kind, element: root, update: output => training.update(output as TrainOutput), dispose: training.dispose };
}

/** Of those that are drawn anew with every change. */
function viewOf(output: StepOutput): Node[] {
  switch (output.kind) {
    case 'ask':
      return askView(output);
    case 'blend':
      return blendView(output);
    case 'merge':
      return mergeView(output);
    case 'evaluate':
      return evaluateView(output);
    case 'check':
      return checkView(output);
    case 'train':
      return [];
  }
}
