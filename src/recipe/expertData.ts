/** What one expert learns from, and is measured on; paths as the recipe writes them. */
export interface ExpertData {
  train: string;
  validation?: string;
  heldOut?: string;
  /** Where they go by names of their own: what a form calls a column → the column. */
  columns?: Record<string, string>;
}

/** What the names of files call their part of the data, at the end: `x-heldout.jsonl`, `x/test.csv`. */
const parts = {
  heldOut: /(^|[-_. ])(held[-_ ]?out|test|testing|eval|evaluation)$/i,
  validation: /(^|[-_. ])(validation|valid|val|dev)$/i,
  train: /(^|[-_. ])(train|training)$/i,
} as const;

/**
 * Files as the data of experts: those that are named after another file as its held-out or validation data go with it,
 * also where they only lie beside it. All others are learned, each by an expert of its own.
 */
export function pairedData(files: readonly string[], beside: readonly string[] = []): ExpertData[] {
  const known = [...new Set([...files, ...beside])].map(path => ({ path, ...partOf(path) }));
  const isTaken = new Set<string>();
  const partner = (path: string, part: keyof typeof parts) => {
    const { stem } = partOf(path);
    const found = known.find(k => k.part === part && k.stem === stem && k.path !== path && !isTaken.has(k.path));
    if (found) isTaken.add(found.path);
    return found?.path;
  };
  const isLearned = (path: string) => {
    const { part } = partOf(path);
    return part !== 'heldOut' && part !== 'validation';
  };
  const learned = files.filter(isLearned).map(train => {
    const [heldOut, validation] = [partner(train, 'heldOut'), partner(train, 'validation')];
    return { train, ...(validation !== undefined && { validation }), ...(heldOut !== undefined && { heldOut }) };
  });
  // One that belongs to none is what its user wants an expert of.
  const alone = files.filter(path => !isLearned(path) && !isTaken.has(path)).map(train => ({ train }));
  return [...learned, ...alone];
}

function partOf(path: string): { stem: string; part?: keyof typeof parts } {
  const stem = path.replace(/\.gz$/i, '').replace(/\.[^./\\]*$/, '');
  const [, folder = '', name = ''] = /^(.*[/\\])?([^/\\]*)$/s.exec(stem) ?? [];
  for (const [part, ending] of Object.entries(parts))
    if (ending.test(name)) return { stem: folder + name.replace(ending, ''), part: part as keyof typeof parts };
  return { stem };
}

/** As the recipe writes what an expert learns from. */
export function dataText({ train, validation, columns }: ExpertData): string {
  const members = [
    `"train": ${JSON.stringify(train)}`,
    ...(validation === undefined ? [] : [`"validation": ${JSON.stringify(validation)}`]),
    ...columnsText(columns),
  ];
  return `{ ${members.join(', ')} }`;
}

/** As the recipe writes the set that an expert is measured on. */
export function setText(expert: string, { heldOut, columns }: ExpertData): string {
  const members = [
    `"data": ${JSON.stringify(heldOut)}`,
    `"expert": ${JSON.stringify(expert)}`,
    ...columnsText(columns),
  ];
  return `{ ${members.join(', ')} }`;
}

function columnsText(columns: ExpertData['columns']): string[] {
  const members = Object.entries(columns ?? {}).map(([name, column]) => `"${name}": ${JSON.stringify(column)}`);
  return members.length > 0 ? [`"columns": { ${members.join(', ')} }`] : [];
}
