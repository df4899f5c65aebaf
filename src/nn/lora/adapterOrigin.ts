/** What an adapter was trained on; unknown parts are undefined. */
export interface AdapterOrigin {
  /** SHA-256 of the base's weights. */
  baseHash?: string;
  /** The text of the base's chat template; empty for a base that had none. */
  chatTemplate?: string;
}

const keys = { baseHash: 'base_sha256', chatTemplate: 'chat_template' } as const;

/** The origin as metadata of the file of factors: it stays with them wherever they are copied, and PEFT ignores it. */
export function originMetadata(origin: AdapterOrigin): Record<string, string> {
  const known = Object.entries(keys).flatMap(([part, key]) => {
    const value = origin[part as keyof AdapterOrigin];
    return value === undefined ? [] : [[key, value]];
  });
  return Object.fromEntries(known);
}

export function originOf(metadata: Readonly<Record<string, string>>): AdapterOrigin {
  return { baseHash: metadata[keys.baseHash], chatTemplate: metadata[keys.chatTemplate] };
}

/** What all of a merge's adapters were trained on, as far as they agree. */
export function commonOrigin([first, ...rest]: readonly AdapterOrigin[]): AdapterOrigin {
  const common = (part: keyof AdapterOrigin) =>
    rest.every(origin => origin[part] === first?.[part]) ? first?.[part] : undefined;
  return { baseHash: common('baseHash'), chatTemplate: common('chatTemplate') };
}
