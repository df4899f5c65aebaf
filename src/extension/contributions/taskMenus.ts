/** Tasks on a selection that some experts can do and others not. */
export const offeredTasks = ['explain', 'document', 'writeTests'] as const;

/** The editor's context key of a task that nobody here can do. */
export const lacks = (task: (typeof offeredTasks)[number]): string => `multiLora.lacks.${task}`;

/** Where a task is in the menu of a selection. */
export const canBeDone = (task: (typeof offeredTasks)[number]): string => `editorHasSelection && !${lacks(task)}`;
