export interface ChartLine {
  name: string;
  /** Tells it apart where colours do not. */
  dashed?: boolean;
  /** In the colour of secondary text: what others are seen against. */
  faint?: boolean;
  /** Which of the theme's colours; that of its place without it. */
  colour?: number;
  /** Every point is marked: for lines of few. */
  points?: boolean;
}

export interface ChartOptions {
  title: string;
  xTitle: string;
  yTitle: string;
  lines: readonly ChartLine[];
  /** How values are written. */
  format(value: number): string;
  logarithmic?: boolean;
  /** CSS pixels. */
  height?: number;
}

/** Points by x, ascending; one list per line, null where a line has no point. */
export interface ChartData {
  x: readonly number[];
  y: readonly (readonly (number | null)[])[];
}
