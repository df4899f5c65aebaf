import * as z from 'zod/mini';
import { keepState, keptState } from './host.ts';

export interface ViewState<State extends object> {
  state: State;
  changeState(change?: Partial<State>): void;
  /** The view is opened anew: nothing was chosen in it yet. */
  isFirst: boolean;
}

/**
 * What the user has chosen in the view; kept over hiding it and over reloads. As it was kept, or as it is at first where
 * nothing or something else was: `schema` catches every field.
 */
export function viewState<Schema extends z.ZodMiniType<object>>(schema: Schema): ViewState<z.output<Schema>> {
  const kept = keptState();
  const state = z.parse(schema, kept ?? {});
  return { state, changeState: change => keepState(Object.assign(state, change)), isFirst: kept === undefined };
}
