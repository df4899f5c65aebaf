import { themeColours } from './theme.ts';

/** What stands above a picture that has left its page. */
export interface PngHead {
  title: string;
  /** Names of lines, in their colours. */
  keys?: readonly { name: string; colour: string }[];
}

/** Pixels per CSS pixel: pictures go into papers and slides. */
const scale = 2;

/** A part of the page as it looks now: its texts, coloured boxes and drawings. As base64 of a PNG. */
export async function elementPng(element: HTMLElement, head: PngHead): Promise<string> {
  // Heads of rows stick to the edge of what is scrolled, and would cover cells.
  element.parentElement?.scrollTo({ left: 0 });
  const { left, top } = element.getBoundingClientRect();
  const canvas = document.createElement('canvas');
  canvas.width = element.scrollWidth * scale;
  canvas.height = element.scrollHeight * scale;
  const context = canvas.getContext('2d')!;
  context.scale(scale, scale);
  context.translate(-left, -top);
  await paint(context, element);
  return framedPng(canvas, canvas, scale, head);
}

async function paint(context: CanvasRenderingContext2D, element: Element): Promise<void> {
  const style = getComputedStyle(element);
  // What is there for screen readers alone is clipped away.
  if (style.clipPath !== 'none') return;
  if (element instanceof SVGSVGElement) return paintDrawing(context, element);
  paintBox(context, element.getBoundingClientRect(), style);
  for (const child of element.childNodes) {
    if (child instanceof Element) await paint(context, child);
    if (child instanceof Text) paintText(context, child, style);
  }
}

function paintBox(context: CanvasRenderingContext2D, box: DOMRect, style: CSSStyleDeclaration): void {
  context.fillStyle = style.backgroundColor;
  context.beginPath();
  context.roundRect(box.x, box.y, box.width, box.height, Number.parseFloat(style.borderTopLeftRadius));
  context.fill();
  if (style.outlineStyle === 'none') return;
  const width = Number.parseFloat(style.outlineWidth);
  const inset = -Number.parseFloat(style.outlineOffset) - width / 2;
  context.strokeStyle = style.outlineColor;
  context.lineWidth = width;
  context.strokeRect(box.x + inset, box.y + inset, box.width - 2 * inset, box.height - 2 * inset);
}

/** Word by word: only the page knows where lines break. */
function paintText(context: CanvasRenderingContext2D, text: Text, style: CSSStyleDeclaration): void {
  context.fillStyle = style.color;
  context.font = `${style.fontWeight} ${style.fontSize} ${style.fontFamily}`;
  context.textBaseline = 'middle';
  const range = document.createRange();
  for (const { 0: word, index } of text.data.matchAll(/\S+/g)) {
    range.setStart(text, index);
    range.setEnd(text, index + word.length);
    const { x, y, height } = range.getBoundingClientRect();
    context.fillText(word, x, y + height / 2);
  }
}

async function paintDrawing(context: CanvasRenderingContext2D, drawing: SVGSVGElement): Promise<void> {
  const { x, y, width, height } = drawing.getBoundingClientRect();
  const copy = drawing.cloneNode(true) as SVGSVGElement;
  writeStyles(drawing, copy);
  copy.setAttribute('width', String(width * scale));
  copy.setAttribute('height', String(height * scale));
  const picture = new Image();
  picture.src = `data:image/svg+xml,${encodeURIComponent(new XMLSerializer().serializeToString(copy))}`;
  await picture.decode();
  context.drawImage(picture, x, y, width, height);
}

/** A canvas in the pixels that it has, as base64 of a PNG. */
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
