import { themeColours } from './theme.ts';

/** What stands above a picture that has left its page. */
export interface PngHead {
  title: string;
  /** Names of lines, in their colours. */
  keys?: readonly { name: string; colour: string }[];
}

/** Pixels per CSS pixel: pictures go into papers and slides. */
const scale = 2;

/** A drawing as the page shows it, on the theme's background, as base64 of a PNG. */
export async function drawingPng(drawing: SVGSVGElement, head: PngHead): Promise<string> {
  const { width, height } = drawing.viewBox.baseVal;
  const copy = drawing.cloneNode(true) as SVGSVGElement;
  copy.setAttribute('width', String(width * scale));
  copy.setAttribute('height', String(height * scale));
  writeStyles(drawing, copy);
  const picture = new Image();
  picture.src = `data:image/svg+xml,${encodeURIComponent(new XMLSerializer().serializeToString(copy))}`;
  await picture.decode();
  return framedPng(picture, { width: width * scale, height: height * scale }, scale, head);
}

/** A canvas likewise, in the pixels that it has. */
export function canvasPng(canvas: HTMLCanvasElement, head: PngHead): string {
  return framedPng(canvas, canvas, canvas.width / (canvas.clientWidth || canvas.width), head);
}

/** CSS pixels. */
const margin = 16;
const headHeight = 28;

function framedPng(
  picture: CanvasImageSource,
  { width, height }: { width: number; height: number },
  ratio: number,
  { title, keys = [] }: PngHead,
): string {
  const canvas = document.createElement('canvas');
  canvas.width = width + 2 * margin * ratio;
  canvas.height = height + (2 * margin + headHeight) * ratio;
  const context = canvas.getContext('2d')!;
  const { background, foreground, font } = themeColours();
  context.fillStyle = background;
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.drawImage(picture, margin * ratio, (margin + headHeight) * ratio, width, height);
  context.scale(ratio, ratio);
  let x = margin;
  for (const { name, colour } of [{ name: title, colour: foreground }, ...keys]) {
    context.font = name === title ? font.replace('11px', 'bold 13px') : font;
    context.fillStyle = colour;
    context.fillText(name, x, margin + 12);
    x += context.measureText(name).width + margin;
  }
  return canvas.toDataURL('image/png').replace(/^data:image\/png;base64,/, '');
}

const styles = [
  'fill',
  'fill-opacity',
  'stroke',
  'stroke-width',
  'stroke-dasharray',
  'opacity',
  'font-family',
  'font-size',
  'font-weight',
  'text-anchor',
  'paint-order',
];

/** A picture has no style sheets: what they gave becomes attributes. */
function writeStyles(from: Element, to: Element): void {
  const computed = getComputedStyle(from);
  for (const name of styles) to.setAttribute(name, computed.getPropertyValue(name));
  for (const [i, child] of [...from.children].entries()) writeStyles(child, to.children[i]!);
}
