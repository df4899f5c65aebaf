import { useState } from 'preact/hooks';

/** The toolkit's list of choices. It keeps its own choice: `value` is what is chosen at first. */
export function Dropdown(props: {
  id: string;
  name: string;
  options: readonly (readonly [value: string, text: string])[];
  value: string;
  onChange(value: string): void;
}) {
  const [first] = useState(props.value);
  return (
    <vscode-dropdown
      id={props.id}
      // An empty one would be a choice of its own: the options come later.
      value={first || undefined}
      aria-label={props.name}
      onChange={event => props.onChange((event.target as HTMLSelectElement).value)}
    >
      {props.options.map(([value, text]) => (
        <vscode-option key={value} value={value}>
          {text}
        </vscode-option>
      ))}
    </vscode-dropdown>
  );
}
