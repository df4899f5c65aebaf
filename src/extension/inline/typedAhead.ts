/** Text around a cursor. */
interface Place {
  path: string;
  prefix: string;
  suffix: string;
}

/** The suggestion made last. */
export interface TypedAhead {
  keep(place: Place, suggestion: string): void;
  /** What is left of it where its beginning was typed since; undefined where something else was. */
  rest(place: Place): string | undefined;
}

export function createTypedAhead(): TypedAhead {
  let last: (Place & { suggestion: string }) | undefined;
  return {
    keep(place, suggestion) {
      last = { ...place, suggestion };
    },
    rest({ path, prefix, suffix }) {
      if (!last || path !== last.path || suffix !== last.suffix || !prefix.startsWith(last.prefix)) return undefined;
      const typed = prefix.slice(last.prefix.length);
      if (!last.suggestion.startsWith(typed)) return undefined;
      return last.suggestion.slice(typed.length) || undefined;
    },
  };
}
