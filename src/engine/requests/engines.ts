import { errorSentences, WorkbenchError } from '../../protocol/errors.ts';
import { remoteEngine } from '../elsewhere/remoteEngine.ts';
import type { RequestHandler } from '../workbench/request.ts';

/** Milliseconds in which an engine has to say that it is there. */
const patience = 10_000;

/** Asks the engines elsewhere that a recipe names whether they are there, with the experts that are trained. */
export const handle: RequestHandler<'engines'> = async (workbench, { recipe: path, keys }, { signal }) => {
  const { experiment, available } = await workbench.openExperts(path);
  const names = await available();
  const { engines, answering } = experiment.recipe;
  const late = AbortSignal.any([signal, AbortSignal.timeout(patience)]);
  return {
    answering,
    engines: await Promise.all(
      Object.entries(engines).map(async ([name, { kind, url }]) => {
        const about = { name, kind, url };
        try {
          const message = await remoteEngine(experiment, name, keys).look(names, late);
          return { ...about, isThere: true, message };
        } catch (error) {
          signal.throwIfAborted();
          if (error instanceof WorkbenchError)
            return { ...about, isThere: false, message: errorSentences(error.message, error.hint) };
          if (!late.aborted) throw error;
          return { ...about, isThere: false, message: `It has not answered within ${patience / 1000} s.` };
        }
      }),
    ),
  };
};
