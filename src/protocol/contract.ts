import * as z from 'zod/mini';

/** One request: what it is asked with, what is told while it is under way, and what it is answered with. */
export interface Exchange<
  Params extends z.ZodMiniType = z.ZodMiniType,
  Result extends z.ZodMiniType = z.ZodMiniType,
  Progress extends z.ZodMiniType = z.ZodMiniType,
> {
  params: Params;
  result: Result;
  progress?: Progress;
  /** After a cancellation there is still an answer worth having: the text so far, the checkpoint written. */
  answersWhenCancelled?: true;
}

/** What one end of a line listens to. Its schemas check every message, and give the types of callers and handlers. */
export interface Side {
  requests: Record<string, Exchange>;
  notifications: Record<string, z.ZodMiniType>;
}

/** Everything that a view and its host may say to each other; one constant of this type per view, in `views/`. */
export interface ViewApi {
  toHost: Side;
  toView: Side;
}

export type Params<S extends Side, M extends keyof S['requests']> = z.infer<S['requests'][M]['params']>;
export type Result<S extends Side, M extends keyof S['requests']> = z.infer<S['requests'][M]['result']>;
export type Progress<S extends Side, M extends keyof S['requests']> = S['requests'][M] extends {
  progress: infer P extends z.ZodMiniType;
}
  ? z.infer<P>
  : never;
export type Told<S extends Side, M extends keyof S['notifications']> = z.infer<S['notifications'][M]>;

/** What a handler may use besides its parameters. */
export interface Call<P = never> {
  /** Aborts when the caller gives up. */
  signal: AbortSignal;
  /** Tells the caller how far it is. */
  progress(value: P): void;
}

/** Whatever a side may be asked or told, each with what answers it. */
export type Handlers<S extends Side> = {
  // One mapped type: from an intersection of two, callers' parameters would not be inferred.
  [M in keyof S['requests'] | keyof S['notifications']]: M extends keyof S['requests']
    ? (params: Params<S, M>, call: Call<Progress<S, M>>) => Result<S, M> | PromiseLike<Result<S, M>>
    : (params: Told<S, M & keyof S['notifications']>) => void;
};

/** For requests without parameters, and for answers that only say that it was done. */
export const nothing = z.undefined();

/** A number that may be infinite or none at all, such as a loss that diverged: JSON writes null, which is read as NaN. */
export const anyNumber = z.pipe(
  z.union([z.number(), z.nan(), z.null()]),
  z.transform(value => value ?? Number.NaN),
);
