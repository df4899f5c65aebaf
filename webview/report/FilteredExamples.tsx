import { useState } from 'preact/hooks';
import type { ReportExample } from '../../src/protocol/report.ts';
import { Answers } from '../../src/report/Examples.tsx';
import { Dropdown } from './Dropdown.tsx';
import { changeState, state } from './state.ts';

/** Sample answers by set, system and words. */
export function FilteredExamples({ examples }: { examples: readonly ReportExample[] }) {
  const [chosen, setChosen] = useState(state.examples);
  const words = chosen.search.trim().toLowerCase();
  const fitting = examples.filter(
    ({ set, system, prompt, expected, got }) =>
      (!chosen.set || set === chosen.set) &&
      (!chosen.system || system === chosen.system) &&
      [prompt, expected, got].some(text => text.toLowerCase().includes(words)),
  );

  function choose(key: keyof typeof chosen, value: string): void {
    changeState({ examples: { ...state.examples, [key]: value } });
    setChosen(state.examples);
  }

  return (
    <>
      <search class="row filters" aria-label="Examples">
        <Choice
          name="Set"
          values={examples.map(({ set }) => set)}
          value={chosen.set}
          onChange={value => choose('set', value)}
        />
        <Choice
          name="System"
          values={examples.map(({ system }) => system)}
          value={chosen.system}
          onChange={value => choose('system', value)}
        />
        <vscode-text-field
          value={chosen.search}
          placeholder="Words in prompt or answer"
          onInput={event => choose('search', (event.target as HTMLInputElement).value)}
        >
          Search
        </vscode-text-field>
      </search>
      <p class="muted" role="status">
        {`${fitting.length} of ${examples.length} shown; a few answers of each kind, not a sample in proportion.`}
      </p>
      <Answers examples={fitting} heading="h3" />
    </>
  );
}

/** A drop-down of what there is; its first entry is everything. */
function Choice(props: { name: string; values: readonly string[]; value: string; onChange(value: string): void }) {
  return (
    <div class="field">
      {/* The control has its name by itself: a label does not reach into it. */}
      <span aria-hidden="true">{props.name}</span>
      <Dropdown
        id={`choose-${props.name.toLowerCase()}`}
        name={props.name}
        options={[['', 'all'], ...[...new Set(props.values)].map(value => [value, value] as const)]}
        value={props.value}
        onChange={props.onChange}
      />
    </div>
  );
}
