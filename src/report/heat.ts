type Rgb = readonly [number, number, number];

// One hue from paper to ink: read by lightness, so it holds for every kind of colour blindness and in grey print.
const stops: Record<'light' | 'dark', readonly Rgb[]> = {
  light: [
    [243, 246, 250],
    [186, 212, 239],
    [96, 156, 214],
    [16, 62, 116],
  ],
  dark: [
    [30, 36, 43],
    [33, 66, 104],
    [72, 133, 196],
    [184, 218, 255],
  ],
};

/** Steps of the ramp, both ends included. */
export const heatStepCount = 21;

/** CSS class for a share from 0 to 1. */
export function heatClass(share: number): string {
  return `heat-${Math.round(Math.min(1, Math.max(0, share)) * (heatStepCount - 1))}`;
}

/** One CSS rule per step: its colour, and black or white on it, whichever reads better (always 4.5:1 or more). */
export function heatRules(theme: 'light' | 'dark'): string {
  return Array.from({ length: heatStepCount }, (_, step) => {
    const colour = rampColour(stops[theme], step / (heatStepCount - 1));
    return `.heat-${step} { background: ${hex(colour)}; color: ${luminance(colour) > 0.179 ? '#000' : '#fff'} }`;
  }).join('\n');
}

function rampColour(ramp: readonly Rgb[], share: number): Rgb {
  const position = share * (ramp.length - 1);
  const from = Math.min(Math.floor(position), ramp.length - 2);
  const [a, b] = [ramp[from]!, ramp[from + 1]!];
  const mix = (channel: 0 | 1 | 2) => Math.round(a[channel] + (b[channel] - a[channel]) * (position - from));
  return [mix(0), mix(1), mix(2)];
}

function hex(colour: Rgb): string {
  return `#${colour.map(channel => channel.toString(16).padStart(2, '0')).join('')}`;
}

// WCAG 2.2, relative luminance. Black and white contrast equally with 0.179: √(0.05 · 1.05) − 0.05.
function luminance(colour: Rgb): number {
  const [r, g, b] = colour.map(channel => {
    const s = channel / 255;
    return s <= 0.04045 ? s / 12.92 : ((s + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r! + 0.7152 * g! + 0.0722 * b!;
}
