import { heatColour } from './heatColours.ts';

/** Steps of the ramp, both ends included. */
export const heatStepCount = 21;

/** CSS class for a share from 0 to 1. */
export function heatClass(share: number): string {
  return `heat-${Math.round(Math.min(1, Math.max(0, share)) * (heatStepCount - 1))}`;
}

/** One CSS rule per step. */
export function heatRules(theme: 'light' | 'dark'): string {
  return Array.from({ length: heatStepCount }, (_, step) => {
    const { background, ink } = heatColour(theme, step / (heatStepCount - 1));
    return `.heat-${step} { background: ${background}; color: ${ink} }`;
  }).join('\n');
}
