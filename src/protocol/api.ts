import * as z from 'zod/mini';

/** One request: what it is asked with and what it is answered with. */
interface Exchange<Params extends z.ZodMiniType = z.ZodMiniType, Result extends z.ZodMiniType = z.ZodMiniType> {
  params: Params;
  result: Result;
}

/** What one side of a view listens to. Its schemas check every message, and give the types of callers and handlers. */
export interface Side {
  requests: Record<string, Exchange>;
  notifications: Record<string, z.ZodMiniType>;
}

/** Everything that a view and its host may say to each other; one constant of this type per view, in `webviewApi*.ts`. */
export interface ViewApi {
  toHost: Side;
  toView: Side;
}

export type Params<S extends Side, M extends keyof S['requests']> = z.infer<S['requests'][M]['params']>;
export type Result<S extends Side, M extends keyof S['requests']> = z.infer<S['requests'][M]['result']>;
export type Told<S extends Side, M extends keyof S['notifications']> = z.infer<S['notifications'][M]>;

/** Whatever a side may be asked or told, each with what answers it. */
export type Handlers<S extends Side> = {
  // One mapped type: from an intersection of two, callers' parameters would not be inferred.
  [M in keyof S['requests'] | keyof S['notifications']]: M extends keyof S['requests']
    ? (params: Params<S, M>, signal: AbortSignal) => Result<S, M> | PromiseLike<Result<S, M>>
    : (params: Told<S, M & keyof S['notifications']>) => void;
};

/** The message itself, whatever it is about. */
export const envelope = z.discriminatedUnion('type', [
  z.object({ type: z.literal('request'), id: z.int(), method: z.string(), params: z.optional(z.unknown()) }),
  z.object({ type: z.literal('cancel'), id: z.int() }),
  z.object({ type: z.literal('answer'), id: z.int(), result: z.optional(z.unknown()) }),
  z.object({
    type: z.literal('error'),
    id: z.int(),
    error: z.object({ code: z.string(), message: z.string(), hint: z.optional(z.string()) }),
  }),
  z.object({ type: z.literal('notification'), method: z.string(), params: z.optional(z.unknown()) }),
]);

export type Envelope = z.infer<typeof envelope>;

/** For requests without parameters, and for answers that only say that it was done. */
export const nothing = z.undefined();

/** A number that may be infinite or none at all, which JSON writes as null: a loss that diverged. */
export const anyNumber = z.pipe(
  z.union([z.number(), z.nan(), z.null()]),
  z.transform(value => value ?? Number.NaN),
);
