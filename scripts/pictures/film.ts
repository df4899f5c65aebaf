import gifenc from 'gifenc';
import upng from 'upng-js';

/** A picture as PNG, and for how many milliseconds it is shown. */
export interface Frame {
  png: Uint8Array;
  ms: number;
}

/** The GIF's largest palette, less one colour that stands for 'as before'. */
const colours = 255;

/** An animated GIF in one palette, that of all frames; pixels that stay as they were cost nothing. */
export function animatedGif(frames: readonly Frame[]): Uint8Array {
  const pictures = frames.map(({ png }) => rgba(png));
  const { width, height } = pictures[0]!;
  const palette = gifenc.quantize(sample(pictures.map(p => p.pixels)), colours);
  const encoder = gifenc.GIFEncoder();
  let before: Uint8Array | undefined;
  for (const [i, { pixels }] of pictures.entries()) {
    const index = gifenc.applyPalette(pixels, palette);
    const shown = before ? index.map((colour, at) => (colour === before![at] ? colours : colour)) : index;
    encoder.writeFrame(shown, width, height, {
      ...(i === 0 && { palette: [...palette, ...Array(colours + 1 - palette.length).fill([0, 0, 0])] }),
      delay: frames[i]!.ms,
      transparent: i > 0,
      transparentIndex: colours,
      dispose: 1,
    });
    before = index;
  }
  encoder.finish();
  return encoder.bytes();
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

/** Pixels of the first, a middle and the last picture. */
function sample(pictures: readonly Uint8Array[]): Uint8Array {
  const chosen = [0, pictures.length >> 1, pictures.length - 1].map(i => pictures[i]!);
  const together = new Uint8Array(chosen.length * chosen[0]!.length);
  for (const [i, picture] of chosen.entries()) together.set(picture, i * picture.length);
  return together;
}
