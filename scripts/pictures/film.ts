import gifenc from 'gifenc';
import upng from 'upng-js';

/** A picture as PNG, and for how many milliseconds it is shown. */
export interface Frame {
  png: Uint8Array;
  ms: number;
}

/** A palette of 64, less one colour that stands for 'as before': an editor's window has few. */
const colours = 63;
/** Pixels in which a frame differs from the one before to be one of its own. */
const fewestPixels = 60;
/** Milliseconds that one picture stays at most, the last one aside. */
const longest = 1200;

/** An animated GIF in one palette, that of all frames; pixels, and frames, that stay as they were cost nothing. */
export function animatedGif(frames: readonly Frame[]): Uint8Array {
  const pictures = frames.map(({ png }) => rgba(png));
  const { width, height } = pictures[0]!;
  const palette = gifenc.quantize(sample(pictures.map(p => p.pixels)), colours);
  const shown: { index: Uint8Array; ms: number }[] = [];
  for (const [i, { pixels }] of pictures.entries()) {
    const index = gifenc.applyPalette(pixels, palette);
    const last = shown.at(-1);
    const { ms } = frames[i]!;
    if (last && differing(last.index, index) < fewestPixels) last.ms = Math.max(ms, Math.min(last.ms + ms, longest));
    else shown.push({ index, ms });
  }
  const encoder = gifenc.GIFEncoder();
  for (const [i, { index, ms }] of shown.entries()) {
    const before = shown[i - 1]?.index;
    const changed = before ? index.map((colour, at) => (colour === before[at] ? colours : colour)) : index;
    encoder.writeFrame(changed, width, height, {
      ...(i === 0 && { palette: [...palette, ...Array(colours + 1 - palette.length).fill([0, 0, 0])] }),
      delay: ms,
      transparent: i > 0,
      transparentIndex: colours,
      dispose: 1,
    });
  }
  encoder.finish();
  return encoder.bytes();
}

function differing(a: Uint8Array, b: Uint8Array): number {
  let count = 0;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) count++;
  return count;
}

/** A PNG in so many colours: a fraction of the bytes, and of an editor's window the same to the eye. */
export function palettePng(png: Uint8Array, colourCount: number): Uint8Array {
  const { width, height, pixels } = rgba(png);
  return new Uint8Array(upng.encode([pixels.buffer as ArrayBuffer], width, height, colourCount));
}

function rgba(png: Uint8Array): { width: number; height: number; pixels: Uint8Array } {
  const image = upng.decode(png.slice().buffer);
  return { width: image.width, height: image.height, pixels: new Uint8Array(upng.toRGBA8(image)[0]!) };
}

/** Pixels of the first, three in between and the last picture. */
function sample(pictures: readonly Uint8Array[]): Uint8Array {
  const chosen = [0, 0.25, 0.5, 0.75, 1].map(at => pictures[Math.floor(at * (pictures.length - 1))]!);
  const together = new Uint8Array(chosen.length * chosen[0]!.length);
  for (const [i, picture] of chosen.entries()) together.set(picture, i * picture.length);
  return together;
}
