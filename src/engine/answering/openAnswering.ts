import * as z from 'zod';
import type { BaseText } from '../../experiment/base.ts';
import type { Call } from '../../protocol/contract.ts';
import type { WorkProgress } from '../../protocol/engine/source.ts';
import { WorkbenchError } from '../../protocol/errors.ts';
import type { GenerationSettings, Recipe } from '../../recipe/schema.ts';
import { conversationSettings } from '../../recipe/settings.ts';
import type { Model } from '../runtime/model.ts';
import { watchFor } from '../workbench/request.ts';
import type { OpenExperiment, OpenSource, Workbench } from '../workbench/workbench.ts';

type AnsweringSource = OpenSource & { settings?: Record<string, unknown> | undefined };

/** Who can answer: a base alone, or with the experts of a recipe. */
export interface Answering {
  open: OpenExperiment | undefined;
  model: Model;
  text: BaseText;
  /** Whether it is the base that is shipped. */
  isEmbedded: boolean;
  /** Decoding settings of the request over those of the recipe over the defaults. */
  settings: GenerationSettings;
}

/** Opens what a request names: its recipe, or a base alone. */
export async function openAnswering(
  workbench: Workbench,
  request: AnsweringSource,
  call: Call<WorkProgress>,
): Promise<Answering> {
  // Without work that goes on beside it, everything can be opened.
  return (await openAnsweringBeside(workbench, request, call, undefined))!;
}

/** As `openAnswering`, beside answers that go on with these bank entries; undefined where the two do not go together. */
export async function openAnsweringBeside(
  workbench: Workbench,
  request: AnsweringSource,
  call: Call<WorkProgress>,
  inUse: ReadonlySet<string> | undefined,
): Promise<Answering | undefined> {
  const opened = await workbench.openSource(request, watchFor(call), inUse);
  if (!opened) return undefined;
  const recipe = opened.open?.experiment.recipe;
  const settings = answerSettings(recipe, opened.model.base.config.maxLength, request.settings);
  const isEmbedded = (recipe?.base ?? request.base ?? 'embedded') === 'embedded';
  return { open: opened.open, model: opened.model, text: opened.model.base.text(), isEmbedded, settings };
}

/** Throws `badRequest` for a decoding setting that is none. */
export function answerSettings(
  recipe: Recipe | undefined,
  window: number,
  own: Record<string, unknown> | undefined,
): GenerationSettings {
  try {
    return conversationSettings(recipe, window, own);
  } catch (error) {
    if (!(error instanceof z.ZodError)) throw error;
    const issue = error.issues[0]!;
    throw new WorkbenchError('badRequest', `decoding setting '${issue.path.join('.')}': ${issue.message}`);
  }
}
