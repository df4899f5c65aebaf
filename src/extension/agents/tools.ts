import { isAbsolute } from 'node:path';
import {
  type CancellationToken,
  Disposable,
  LanguageModelTextPart,
  type LanguageModelTool,
  LanguageModelToolResult,
  lm,
  MarkdownString,
  type PreparedToolInvocation,
  Uri,
  workspace,
} from 'vscode';
import type { DescribeResult } from '../../protocol/engine/experts.ts';
import { WorkbenchError } from '../../protocol/errors.ts';
import type { Target, Weights } from '../../protocol/target.ts';
import { bytes, duration, listing } from '../../text/numbers.ts';
import { inMarkdown } from '../../text/shown.ts';
import { namedTarget, weightsText } from '../../text/target.ts';
import type { Experts } from '../ask/experts.ts';
import { routePage } from '../ask/routeText.ts';
import type { ToolName } from '../contributions/agents.ts';
import { type ActiveRecipe, ownRecipe } from '../recipe/activeRecipe.ts';
import { chooseRecipe } from '../runs/chooseTarget.ts';
import type { Run } from '../runs/run.ts';
import type { Runs } from '../runs/runs.ts';
import { outcomeText } from '../runs/runText.ts';
import { withSignal } from '../services/cancellation.ts';
import type { HostEngine } from '../services/hostEngine.ts';
import { errorText } from '../services/messages.ts';
import { requireTrust } from '../services/requireTrust.ts';

/** What tools of this window use. */
export interface ToolServices {
  engine: HostEngine;
  recipe: ActiveRecipe;
  experts: Experts;
  runs: Runs;
  /** Shows a run in a notification until it ends. */
  follow(run: Run): void;
}

interface AskInput {
  prompt: string;
  expert?: string;
  blend?: string;
  weights?: Weights;
}

interface TrainInput {
  recipe?: string;
  experts?: string[];
  resume?: boolean;
}

interface EvaluateInput {
  recipe?: string;
  sets?: string[];
}

/** The experts as tools of agents: what they do shows in this window as if the user had done it. */
export function registerAgentTools(services: ToolServices): Disposable {
  const { engine, recipe, experts, runs } = services;

  const ask = tool<AskInput>({
    async prepare() {
      return { invocationMessage: 'Asking the experts' };
    },
    async invoke({ prompt, ...named }, token) {
      const offer = await experts.offer();
      const target = targetOf(named, offer.described);
      const answer = await withSignal(token, signal =>
        experts.ask(offer, { prompt, target }, { signal, isUnattended: true }),
      );
      const who = `Answered by ${weightsText(answer.weights)}.`;
      const why = answer.route ? `\n\n${routePage(prompt, answer.route)}` : '';
      return `${answer.text}\n\n${who}${why}`;
    },
  });

  const route = tool<{ prompt: string }>({
    async prepare() {
      return { invocationMessage: 'Looking where the prompt goes' };
    },
    async invoke({ prompt }, token) {
      const { source } = await experts.offer();
      const request = { recipe: source.recipe, prompts: [prompt] };
      const [found] = await withSignal(token, signal => engine.request('route', request, { signal }));
      return routePage(prompt, found!);
    },
  });

  const train = tool<TrainInput>({
    async prepare({ recipe: given, experts: only, resume }, token) {
      const uri = await recipeNamed(recipe, given);
      const plan = await planned(engine, uri, only, token);
      const who = inMarkdown(listing(only ?? plan?.experts.map(e => e.name) ?? ['all experts']));
      const far = resume ? 'It goes on from the last checkpoint.' : 'What they were trained to before is replaced.';
      const takes = plan
        ? `About ${duration(plan.time.seconds)} on ${plan.device}, and ${bytes(plan.totalBytes)} of memory${plan.fits ? '' : `, **which does not fit** into ${bytes(plan.budgetBytes)}`}.`
        : 'How long it takes is not known now.';
      const message = `Train ${who} of ${inMarkdown(workspace.asRelativePath(uri))} on this machine? ${takes} ${far}`;
      return {
        invocationMessage: `Training ${listing(only ?? ['experts'])}`,
        confirmationMessages: { title: 'Train experts', message: new MarkdownString(message) },
      };
    },
    async invoke({ recipe: given, experts: only, resume }, token) {
      const uri = await recipeNamed(recipe, given);
      await chooseRecipe(recipe, uri, '');
      const run = await runs.train(uri, { only, resume });
      await ended(services, run, token);
      const adapters = (run.result?.adapters ?? []).map(({ name, adapter }) => `${name}: ${adapter}`);
      return [outcomeText(run), ...adapters].join('\n');
    },
  });

  const evaluate = tool<EvaluateInput>({
    async prepare({ recipe: given, sets }) {
      const uri = await recipeNamed(recipe, given);
      await runs.found();
      const last = runs.of(uri).find(run => run.kind === 'evaluate' && run.state === 'done');
      const takes = last
        ? `The last evaluation took ${duration((last.updatedAt - last.startedAt) / 1000)}.`
        : 'It takes minutes on a large base or on many examples.';
      const on = sets ? inMarkdown(listing(sets)) : 'all held-out sets';
      const message = `Measure the experts of ${inMarkdown(workspace.asRelativePath(uri))} on ${on}? ${takes} The report is written anew, and the earlier one kept.`;
      return {
        invocationMessage: 'Evaluating experts',
        confirmationMessages: { title: 'Evaluate experts', message: new MarkdownString(message) },
      };
    },
    async invoke({ recipe: given, sets }, token) {
      const uri = await recipeNamed(recipe, given);
      await chooseRecipe(recipe, uri, '');
      const run = await runs.evaluate(uri, { sets, isUnattended: true });
      await ended(services, run, token);
      const path = run.result?.reportPath;
      if (path === undefined) return outcomeText(run);
      // Schemas take longer to load than activation may.
      const [{ readReport }, { reportText }] = await Promise.all([
        import('../report/readReport.ts'),
        import('../../report/reportText.ts'),
      ]);
      return `${reportText((await readReport(path)).report)}\n\nreport: ${run.result?.htmlPath ?? path}`;
    },
  });

  const all: Record<ToolName, LanguageModelTool<never>> = {
    multiLora_ask: ask,
    multiLora_route: route,
    multiLora_train: train,
    multiLora_evaluate: evaluate,
  };
  return Disposable.from(...Object.entries(all).map(([name, each]) => lm.registerTool(name, each)));
}

/** A tool that answers with text; what fails says what to do in its message, which is all that a model is told. */
function tool<Input>({
  prepare,
  invoke,
}: {
  prepare(input: Input, token: CancellationToken): Promise<PreparedToolInvocation>;
  invoke(input: Input, token: CancellationToken): Promise<string>;
}): LanguageModelTool<Input> {
  const told = (error: unknown) => {
    throw error instanceof WorkbenchError ? new Error(errorText(error)) : error;
  };
  return {
    prepareInvocation: ({ input }, token) => prepare(input, token).catch(told),
    invoke: async ({ input }, token) =>
      new LanguageModelToolResult([new LanguageModelTextPart(await invoke(input, token).catch(told))]),
  };
}

/** Who is meant; nobody in particular is who answers in this window. */
function targetOf({ expert, ...named }: Omit<AskInput, 'prompt'>, { merges }: DescribeResult): Target {
  if (expert !== undefined && merges.some(m => m.name === expert)) return { kind: 'merge', name: expert };
  return namedTarget({ expert, ...named });
}

/** A recipe of the workspace by the path that an agent gives; without one, the one that answers here, or the only one. */
async function recipeNamed(active: ActiveRecipe, given: string | undefined): Promise<Uri> {
  requireTrust();
  const all = await active.recipes();
  const own = given === undefined ? ownRecipe(await active.offer()) : undefined;
  if (own !== undefined) return Uri.file(own);
  const candidates = given === undefined ? all : all.filter(path => isMeant(path, given));
  if (candidates.length === 1) return Uri.file(candidates[0]!);
  const names = all.map(path => workspace.asRelativePath(path)).join(', ');
  throw new WorkbenchError(
    'notFound',
    given === undefined ? 'It is not said which recipe is meant.' : `There is no recipe '${given}' in this workspace.`,
    all.length > 0 ? `There are: ${names}.` : 'Write one, NAME.lora.json.',
  );
}

function isMeant(path: string, given: string): boolean {
  return isAbsolute(given) ? Uri.file(given).fsPath === path : workspace.asRelativePath(path) === given;
}

/** Milliseconds that a question to the user waits for the plan that it tells. */
const patience = 10_000;

/** What a training will take, where that is known soon; what is wrong says the training itself. */
async function planned(engine: HostEngine, { fsPath }: Uri, only: string[] | undefined, token: CancellationToken) {
  try {
    return await withSignal(token, signal =>
      engine.request(
        'plan',
        { recipe: fsPath, only },
        { signal: AbortSignal.any([signal, AbortSignal.timeout(patience)]) },
      ),
    );
  } catch {
    return undefined;
  }
}

/** Resolves when a run is over; a call that is given up stops it. Throws why it failed. */
async function ended({ follow }: ToolServices, run: Run, token: CancellationToken): Promise<void> {
  follow(run);
  await withSignal(token, async signal => {
    signal.addEventListener('abort', () => void run.stop(), { once: true });
    if (signal.aborted) await run.stop();
    await run.ended;
  });
  if (run.state === 'failed') throw run.error ?? new Error(run.message);
}
