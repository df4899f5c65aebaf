export const ROLES = ['system', 'user', 'assistant', 'tool'] as const;
export type Role = (typeof ROLES)[number];

/** A function that the assistant may call, as chat templates get it: OpenAI's schema. */
export type ToolSchema = Record<string, unknown>;

/** A call of a function, as chat templates get it. */
export interface ToolCall {
  id?: string;
  type: 'function';
  function: { name: string; arguments: Record<string, unknown> };
}

export interface Message {
  role: Role;
  /** Empty for an answer that calls tools alone, and a tool that gave nothing back. */
  content: string;
  /** What the assistant calls. */
  toolCalls?: ToolCall[];
  /** Which tool gave this back, and to which call. */
  name?: string;
  toolCallId?: string;
  /** What the assistant thought before it answered, apart from its content. */
  reasoning?: string;
  /** 0 for an answer that is read but not learned. */
  weight?: 0 | 1;
}

/** One exchange of a dataset; its last message is the assistant's, the one that is trained or scored. */
export interface Example {
  messages: Message[];
  /** What the assistant may call. */
  tools?: ToolSchema[];
  /** The one message is a text that is learned whole and as it is, without the chat template. */
  isText?: true;
  /** The first message stands before a gap that the second fills; this stands behind it. Without the chat template. */
  fill?: { suffix: string };
  /** Line of the file the example starts on, from 1; of Parquet the row. */
  line: number;
  /** What else of its fields is read: see `metaFields`. */
  meta: Record<string, unknown>;
}
