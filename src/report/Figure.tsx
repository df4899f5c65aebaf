import { type ComponentChildren, createContext } from 'preact';
import { useContext } from 'preact/hooks';
import { Scrolling } from './DataTable.tsx';

/** What a page adds to the title of every figure, such as a button that saves it; nothing in a file. */
export const FigureAction = createContext<(title: string) => ComponentChildren>(() => undefined);

/** A plot under its title; what `below` has, such as its numbers, is no part of the picture that can be saved of it. */
export function Figure(props: { title: string; children: ComponentChildren; below?: ComponentChildren }) {
  const action = useContext(FigureAction);
  return (
    <figure class="plot-figure">
      <figcaption>
        <h3>{props.title}</h3>
        {action(props.title)}
      </figcaption>
      <Scrolling label={props.title}>
        <div class="picture">{props.children}</div>
      </Scrolling>
      {props.below}
    </figure>
  );
}

/** The numbers of a plot, for those who would rather read them. */
export function Numbers({ children }: { children: ComponentChildren }) {
  return (
    <details>
      <summary>Numbers</summary>
      {children}
    </details>
  );
}

export type KeyMark = 'line' | 'line muted' | 'line dashed' | 'dot' | 'block band' | 'block accent' | 'block soft';

/** What lines, dots and areas of a plot stand for. */
export function Keys({ keys }: { keys: readonly (readonly [mark: KeyMark, name: string])[] }) {
  return (
    <ul class="keys">
      {keys.map(([mark, name]) => (
        <li key={mark}>
          <svg class="plot" aria-hidden="true" viewBox="0 0 18 12" width="18" height="12">
            {keyShape(mark)}
          </svg>
          {name}
        </li>
      ))}
    </ul>
  );
}

function keyShape(mark: KeyMark) {
  switch (mark) {
    case 'line':
      return <path class="line accent" d="M0 6H18" />;
    case 'line muted':
      return <path class="line muted" d="M0 6H18" />;
    case 'line dashed':
      return <line class="dashed" x1="0" x2="18" y1="6" y2="6" />;
    case 'dot':
      return <circle class="dot" cx="9" cy="6" r="4" />;
    default:
      return <rect class={mark.replace('block ', '')} x="3" width="12" height="12" rx="2" />;
  }
}
