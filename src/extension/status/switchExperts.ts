import { l10n, type QuickPickItem, QuickPickItemKind, window } from 'vscode';
import type { Target } from '../../protocol/target.ts';
import { parseWeights, targetId, targetLabel, weightsTable, weightsText } from '../../text/target.ts';
import type { Experts } from '../ask/experts.ts';
import { offeredTargets } from '../ask/offered.ts';
import type { ActiveRecipe, Offer } from '../recipe/activeRecipe.ts';
import { selectRecipe } from '../recipe/selectRecipe.ts';

type Item = QuickPickItem & ({ choice: Target } | { act: 'weights' | 'recipe' } | { kind: QuickPickItemKind });

/** Who answers from now on: the router, the base, an expert, a blend, or weights written by hand. */
export async function switchExperts(experts: Experts, recipe: ActiveRecipe): Promise<void> {
  const offer = await experts.offer();
  const current = experts.choice(offer);
  const picked = await window.showQuickPick(itemsFor(offer, current), {
    title: l10n.t('Who answers in this workspace (now: {0})', targetLabel(current)),
    placeHolder: offer.nothingTrained ?? l10n.t('An expert, a blend, or the router'),
    matchOnDescription: true,
  });
  if (!picked) return;
  if ('choice' in picked) return experts.choose(picked.choice);
  if (!('act' in picked)) return;
  if (picked.act === 'recipe') return selectRecipe(recipe);
  const weights = await askWeights(offer, current);
  if (weights) await experts.choose({ kind: 'weights', weights });
}

/** The weights that a choice gives each expert; undefined for the router, which decides at each prompt. */
export function weightsOf(choice: Target, { described }: Offer): Record<string, number> | undefined {
  switch (choice.kind) {
    case 'auto':
      return undefined;
    case 'base':
      return {};
    case 'weights':
      return choice.weights;
    case 'blend':
      return described.blends.find(b => b.name === choice.name)?.weights;
    default:
      return { [choice.name]: 1 };
  }
}

function itemsFor(offer: Offer, current: Target): Item[] {
  const choices = offeredTargets(offer.described).map(
    (choice): Item => ({
      choice,
      label: `$(${icon(choice)}) ${targetLabel(choice)}`,
      description: targetId(choice) === targetId(current) ? l10n.t('$(check) current') : undefined,
      detail: detail(choice, offer),
    }),
  );
  const hasExperts = offer.described.experts.some(e => e.isTrained);
  const byHand: Item = {
    act: 'weights',
    label: l10n.t('$(settings) Blend by hand…'),
    description: current.kind === 'weights' ? l10n.t('$(check) current') : undefined,
    detail:
      current.kind === 'weights'
        ? weightsText(current.weights)
        : l10n.t('Weights of your own, such as math=0.5, code=0.5'),
  };
  return [
    ...choices,
    ...(hasExperts ? [byHand] : []),
    { label: l10n.t('Recipe'), kind: QuickPickItemKind.Separator },
    {
      act: 'recipe',
      label: l10n.t('$(file-code) Select recipe…'),
      description: offer.source.recipe ? offer.described.name : 'none',
    },
  ];
}

function icon(choice: Target): string {
  const icons = {
    auto: 'arrow-swap',
    base: 'circle-outline',
    expert: 'mortar-board',
    blend: 'beaker',
    merge: 'git-merge',
    weights: 'settings',
  };
  return icons[choice.kind];
}

function detail(choice: Target, offer: Offer): string | undefined {
  if (choice.kind === 'auto') return l10n.t('The router finds the expert for each prompt');
  if (choice.kind === 'base') return l10n.t('No expert');
  if (choice.kind === 'expert') return offer.described.experts.find(e => e.name === choice.name)?.description;
  return choice.kind === 'merge' ? l10n.t('A permanent combination') : weightsText(weightsOf(choice, offer) ?? {});
}

async function askWeights({ described }: Offer, current: Target): Promise<Record<string, number> | undefined> {
  const trained = described.experts.filter(e => e.isTrained).map(e => e.name);
  const even = Object.fromEntries(trained.map(name => [name, Number((1 / trained.length).toFixed(2))]));
  const before = weightsOf(current, { described, source: {} });
  const text = await window.showInputBox({
    title: l10n.t('Blend by hand'),
    prompt: l10n.t('Weights of experts; a negative one subtracts what the expert learned.'),
    value: weightsTable(before && Object.keys(before).length > 0 ? before : even),
    validateInput: value => weightsInputProblem(value, trained),
  });
  return text === undefined ? undefined : parseWeights(text);
}

function weightsInputProblem(text: string, trained: string[]): string | undefined {
  const weights = parseWeights(text);
  if (!weights) return l10n.t('Write EXPERT=WEIGHT, with commas between, such as math=0.5, code=0.5.');
  const unknown = Object.keys(weights).find(name => !trained.includes(name));
  if (unknown) return l10n.t("'{0}' is no trained expert. There are: {1}.", unknown, trained.join(', '));
  return Object.values(weights).every(w => w === 0)
    ? l10n.t('All weights are zero, which is the base alone.')
    : undefined;
}
