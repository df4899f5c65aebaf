import type { Tokenizer } from './tokenizer.ts';

/** What a base reads a gap with, as token ids. */
export interface FillTokens {
  prefix: number;
  suffix: number;
  middle: number;
  /** Stands before each file of a repository, and before the repository's name. */
  file?: number;
  repository?: number;
  /** What the base has learned to write behind a middle; undefined where its files name nothing that could be it. */
  end?: number;
  /** Whatever a model writes of these, the middle has ended. */
  stopIds: number[];
  /** How files stand before the gap where they have no token of their own, and where the path of the gap's file goes. */
  layout: FillLayout;
}

/**
 * `lines`: `<file>path⏎text⏎`, as Qwen2.5-Coder's. `joined`: without the line end behind a file, and the gap's own path
 * within the prefix, as StarCoder2's. `comments`: `#path⏎text⏎` in the text itself, as DeepSeek-Coder's.
 */
type FillLayout = 'lines' | 'joined' | 'comments';

/** Tokens of one kind of base by their texts, of several the first that the vocabulary has. */
interface Family {
  prefix: string;
  suffix: string;
  middle: string;
  pad?: string;
  file?: readonly string[];
  repository?: readonly string[];
  end: readonly string[];
  layout: FillLayout;
}

const families: readonly Family[] = [
  // Qwen2.5-Coder (Hui et al. 2024, §3.2), CodeGemma and Granite 4.
  {
    prefix: '<|fim_prefix|>',
    suffix: '<|fim_suffix|>',
    middle: '<|fim_middle|>',
    pad: '<|fim_pad|>',
    file: ['<|file_sep|>', '<|file_separator|>', '<|filename|>'],
    repository: ['<|repo_name|>', '<|reponame|>'],
    end: ['<|endoftext|>', '<|end_of_text|>', '<|file_separator|>'],
    layout: 'lines',
  },
  // StarCoder2 (Lozhkov et al. 2024, §5.1), StarCoder and Granite.
  {
    prefix: '<fim_prefix>',
    suffix: '<fim_suffix>',
    middle: '<fim_middle>',
    pad: '<fim_pad>',
    file: ['<file_sep>', '<filename>'],
    repository: ['<repo_name>', '<reponame>'],
    end: ['<|endoftext|>', '<|end_of_text|>'],
    layout: 'joined',
  },
  // SantaCoder.
  {
    prefix: '<fim-prefix>',
    suffix: '<fim-suffix>',
    middle: '<fim-middle>',
    pad: '<fim-pad>',
    end: ['<|endoftext|>'],
    layout: 'comments',
  },
  // CodeLlama (Rozière et al. 2023): `<PRE> {prefix} <SUF>{suffix} <MID>`, whose blanks are the tokens' own.
  { prefix: '▁<PRE>', suffix: '▁<SUF>', middle: '▁<MID>', end: ['▁<EOT>'], layout: 'comments' },
  // DeepSeek-Coder: what it calls a hole stands between prefix and suffix, and the answer behind its end.
  {
    prefix: '<｜fim▁begin｜>',
    suffix: '<｜fim▁hole｜>',
    middle: '<｜fim▁end｜>',
    end: ['<｜end▁of▁sentence｜>'],
    layout: 'comments',
  },
];

/** What a file may name tokens for. */
export type FillPart = 'prefix' | 'suffix' | 'middle' | 'pad' | 'repository' | 'file';

/**
 * The base's own tokens for filling a gap: those that its file names, else those of a known kind that its vocabulary
 * has; undefined where there are none. Prefix, suffix, answer is the order of all of them.
 */
export function fillTokens(tokenizer: Tokenizer): FillTokens | undefined {
  const { fillTokens: named } = tokenizer;
  if (named?.prefix !== undefined && named.suffix !== undefined && named.middle !== undefined) {
    const family = families.find(({ prefix }) => prefix === named.prefix);
    const { prefix, suffix, middle, pad = family?.pad } = named;
    return idsOf(tokenizer, {
      ...{ prefix, suffix, middle, ...(pad !== undefined && { pad }) },
      file: named.file === undefined ? family?.file : [named.file],
      repository: named.repository === undefined ? family?.repository : [named.repository],
      end: family?.end ?? ['<|endoftext|>'],
      layout: family?.layout ?? 'lines',
    });
  }
  for (const family of families) {
    const found = idsOf(tokenizer, family);
    if (found) return found;
  }
  return undefined;
}

function idsOf(tokenizer: Tokenizer, family: Family): FillTokens | undefined {
  const [prefix, suffix, middle] = [family.prefix, family.suffix, family.middle].map(tokenizer.idOf);
  if (prefix === undefined || suffix === undefined || middle === undefined) return undefined;
  const first = (names: readonly (string | undefined)[] = []) =>
    names.map(name => (name === undefined ? undefined : tokenizer.idOf(name))).find(id => id !== undefined);
  const file = first(family.file);
  const repository = first(family.repository);
  const end = first([...family.end, tokenizer.eosToken]);
  const stopIds = [end, prefix, suffix, middle, first([family.pad]), file, repository].filter(id => id !== undefined);
  return {
    ...{ prefix, suffix, middle, stopIds: [...new Set(stopIds)] },
    layout: file === undefined ? 'comments' : family.layout,
    ...(file !== undefined && { file }),
    ...(repository !== undefined && { repository }),
    ...(end !== undefined && { end }),
  };
}
