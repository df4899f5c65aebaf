export const ROLES = ['system', 'user', 'assistant'] as const;
export type Role = (typeof ROLES)[number];

export interface Message {
  role: Role;
  content: string;
}

/** One exchange of a dataset; its last message is the assistant's, the one that is trained or scored. */
export interface Example {
  messages: Message[];
  /** Line of the file the example starts on, from 1. */
  line: number;
  /** Fields that the format does not name, such as `tests` or `kind`. */
  meta: Record<string, unknown>;
}
