/** A line of a tree, as data: `about` is what its actions act on. */
export interface TreeRow<A> {
  /** The same as long as it is about the same thing. */
  id: string;
  label: string;
  description?: string;
  /** Lines of Markdown; what came from files is escaped. */
  tooltip: string[];
  /** A codicon, and a colour of the theme where the icon says a state. */
  icon: string;
  colour?: string;
  /** Words that menus look for. */
  context: string[];
  /** What a screen reader says: the label, and what the icon shows. */
  spoken: string;
  about: A;
}

/** What there is to say, with dots between. */
export function joined(...parts: (string | false | undefined)[]): string {
  return parts.filter(part => part).join(' · ');
}
