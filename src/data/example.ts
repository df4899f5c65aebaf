export const ROLES = ['system', 'user', 'assistant'] as const;
export type Role = (typeof ROLES)[number];

export interface Message {
  role: Role;
  content: string;
  /** What the assistant thought before it answered, apart from its content. */
  reasoning?: string;
  /** 0 for an answer that is read but not learned. */
  weight?: 0 | 1;
}

/** One exchange of a dataset; its last message is the assistant's, the one that is trained or scored. */
export interface Example {
  messages: Message[];
  /** The one message is a text that is learned whole and as it is, without the chat template. */
  isText?: true;
  /** Line of the file the example starts on, from 1; of Parquet the row. */
  line: number;
  /** What else of its fields is read: see `metaFields`. */
  meta: Record<string, unknown>;
}
