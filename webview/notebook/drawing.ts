import type { StepOutput } from '../../src/protocol/notebookOutput.ts';
import { element, replaceContent } from '../components/dom.ts';
import { askView, blendView } from './answers.ts';
import { checkView } from './check.ts';
import { evaluateView } from './evaluate.ts';
import { mergeView } from './merge.ts';
import type { Part } from './part.ts';
import { createTraining } from './training.ts';

/** An output on the page. */
export interface Drawing {
  kind: StepOutput['kind'];
  element: HTMLElement;
  update(output: StepOutput): void;
  dispose(): void;
}

export function createDrawing(kind: StepOutput['kind']): Drawing {
  const root = element('div', { class: `lora-step lora-${kind}` });
  const part: Part<never> = kind === 'train' ? createTraining(root) : { update: drawAnew(root), dispose() {} };
  return { kind, element: root, update: output => part.update(output as never), dispose: part.dispose };
}

function drawAnew(root: HTMLElement): (output: StepOutput) => void {
  return output => replaceContent(root, viewOf(output));
}

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
