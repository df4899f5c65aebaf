export interface Completion {
  label: string;
  kind: 'key' | 'value' | 'file' | 'folder' | 'name' | 'snippet';
  /** Beside the label. */
  detail?: string;
  /** Markdown. */
  documentation?: string;
  /** In the syntax of snippets. */
  insert: string;
  range: { start: number; end: number };
  /** What is inserted is to be completed, too. */
  goesOn?: boolean;
}

export type Offer = Omit<Completion, 'range'>;
