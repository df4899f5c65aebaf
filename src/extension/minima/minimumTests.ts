import {
  type CancellationToken,
  Disposable,
  Location,
  Position,
  Range,
  type TestController,
  type TestItem,
  TestMessage,
  type TestRun,
  TestRunProfileKind,
  type TestRunRequest,
  tests,
  Uri,
  workspace,
} from 'vscode';
import type { ActiveRecipe } from '../recipe/activeRecipe.ts';
import { withSignal } from '../services/cancellation.ts';
import type { HostEngine } from '../services/hostEngine.ts';
import { errorText, isCancellation } from '../services/messages.ts';
import { requireTrust } from '../services/requireTrust.ts';
import type { MinimumTest, Place } from './minimumItems.ts';
import { measuredText, missedText, promptLine } from './minimumTexts.ts';

/** What a leaf of the Test Explorer measures. */
interface Leaf {
  recipe: Uri;
  set: string;
  test: MinimumTest;
}

/**
 * The evaluation sets of the workspace's recipes in the Test Explorer: one test for each minimum of each set. They are
 * looked for when the editor asks for tests, and nothing is started before one is run.
 */
export function registerMinimumTests(engine: HostEngine, active: ActiveRecipe): Disposable {
  // The id is older than the name of what it tests: editors remember results by it.
  const controller = tests.createTestController('multiLora.gates', 'Multi-LoRA Evaluation');
  const leaves = new WeakMap<TestItem, Leaf>();
  let isLookedFor = false;

  const discover = async () => {
    isLookedFor = true;
    const recipes = (await active.recipes()).map(path => Uri.file(path));
    const items = await Promise.all(recipes.map(recipe => recipeItem(controller, leaves, recipe)));
    controller.items.replace(items.filter(item => item !== undefined));
  };
  controller.resolveHandler = async item => {
    if (!item) await discover();
  };
  controller.refreshHandler = discover;
  controller.createRunProfile(
    'Evaluate',
    TestRunProfileKind.Run,
    (request, token) => runMinimumTests(engine, controller, leaves, request, token),
    true,
  );
  return Disposable.from(
    controller,
    active.onDidChange(() => isLookedFor && void discover()),
  );
}

async function recipeItem(
  controller: TestController,
  leaves: WeakMap<TestItem, Leaf>,
  recipe: Uri,
): Promise<TestItem | undefined> {
  // The recipe's schema takes longer to load than activation may.
  const { testedSets } = await import('./minimumItems.ts');
  const document = await workspace.openTextDocument(recipe);
  const rangeOf = ({ start, end }: Place) => new Range(document.positionAt(start), document.positionAt(end));
  const sets = testedSets(document.getText());
  if (sets.length === 0) return undefined;
  const root = controller.createTestItem(recipe.fsPath, workspace.asRelativePath(recipe), recipe);
  for (const { name, place, tests: minima } of sets) {
    const set = controller.createTestItem(`${recipe.fsPath}#${name}`, name, recipe);
    set.range = rangeOf(place);
    for (const test of minima) {
      const leaf = controller.createTestItem(`${recipe.fsPath}#${name}#${test.system}`, test.label, recipe);
      leaf.range = rangeOf(test.place);
      leaves.set(leaf, { recipe, set: name, test });
      set.children.add(leaf);
    }
    root.children.add(set);
  }
  return root;
}

async function runMinimumTests(
  engine: HostEngine,
  controller: TestController,
  leaves: WeakMap<TestItem, Leaf>,
  request: TestRunRequest,
  token: CancellationToken,
): Promise<void> {
  const run = controller.createTestRun(request);
  const chosen = leavesOf(request.include ?? [...controller.items].map(([, item]) => item), request.exclude ?? []);
  for (const item of chosen) run.enqueued(item);
  try {
    for (const item of chosen) {
      if (token.isCancellationRequested) run.skipped(item);
      else await measure(engine, run, item, leaves.get(item)!, token);
    }
  } finally {
    run.end();
  }
}

/** The leaves at and below some items. */
function leavesOf(items: Iterable<TestItem>, excluded: readonly TestItem[]): TestItem[] {
  return [...items].flatMap(item => {
    if (excluded.includes(item)) return [];
    return item.children.size === 0
      ? [item]
      : leavesOf(
          [...item.children].map(([, child]) => child),
          excluded,
        );
  });
}

async function measure(
  engine: HostEngine,
  run: TestRun,
  item: TestItem,
  { recipe, set, test }: Leaf,
  token: CancellationToken,
): Promise<void> {
  run.started(item);
  const started = performance.now();
  try {
    requireTrust();
    // The engine reads the file.
    await workspace.textDocuments.find(d => d.isDirty && d.uri.fsPath === recipe.fsPath)?.save();
    const params = { recipe: recipe.fsPath, sets: [set], systems: [test.system] };
    const { measured, gates: checks } = await withSignal(token, signal =>
      engine.request('measure', params, { signal }),
    );
    const [result] = measured;
    const milliseconds = performance.now() - started;
    const missed = missedText(result!, checks[0]);
    run.appendOutput(`${measuredText(result!)}\r\n`, undefined, item);
    if (missed === undefined) return run.passed(item, milliseconds);
    const data = Uri.file(result!.path);
    const summary = new TestMessage(missed);
    summary.location = new Location(recipe, item.range ?? new Position(0, 0));
    const wrong = result!.wrong.map(({ line, prompt, expected, got }) => {
      const message = TestMessage.diff(`Wrong answer to “${promptLine(prompt)}”`, expected, got);
      message.location = new Location(data, new Position(line - 1, 0));
      return message;
    });
    run.failed(item, [summary, ...wrong], milliseconds);
  } catch (error) {
    if (isCancellation(error)) return run.skipped(item);
    run.errored(item, new TestMessage(errorText(error)), performance.now() - started);
  }
}
