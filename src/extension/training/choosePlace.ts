import { homedir } from 'node:os';
import { l10n, type QuickInputButton, type QuickPickItem, QuickPickItemKind, ThemeIcon, window } from 'vscode';
import type { TrainingPlace } from '../../protocol/trainingPlace.ts';
import { isPlainCommand, parsePlace, placeName } from '../../text/trainingPlace.ts';
import type { TrainingPlaces } from '../runs/trainingPlaces.ts';
import { sshHosts } from './sshHosts.ts';

/** A place with what is known of it, a host of which nothing is, or none of these. */
type Item = QuickPickItem & { used?: TrainingPlace; host?: string; isOther?: boolean };

/** The machine to train on: one that was used before, a host of ssh's configuration, or another. */
export async function choosePlace(places: TrainingPlaces): Promise<TrainingPlace | undefined> {
  const hosts = await sshHosts(homedir());
  const chosen = await pick(places, hosts);
  if (!chosen) return undefined;
  if (chosen.used) return chosen.used;
  const place = chosen.host ? `ssh:${chosen.host}` : await askPlace();
  return place === undefined ? undefined : askHow(place);
}

/** A list from which places that were used can be taken out. */
async function pick(places: TrainingPlaces, hosts: readonly string[]): Promise<Item | undefined> {
  const list = window.createQuickPick<Item>();
  const forget: QuickInputButton = { iconPath: new ThemeIcon('close'), tooltip: l10n.t('Forget It') };
  const show = () => {
    const used = places.all();
    const isUsed = (host: string) => used.some(({ place }) => place === `ssh:${host}`);
    const items: [string, Item[]][] = [
      [
        l10n.t('used before'),
        used.map(place => ({
          ...placeItem(place),
          iconPath: new ThemeIcon('history'),
          used: place,
          buttons: [forget],
        })),
      ],
      [
        '~/.ssh/config',
        hosts
          .filter(host => !isUsed(host))
          .map(host => ({ label: host, description: 'ssh', iconPath: new ThemeIcon('vm'), host })),
      ],
      [
        l10n.t('others'),
        [{ label: l10n.t('Another machine…'), iconPath: new ThemeIcon('add'), isOther: true, alwaysShow: true }],
      ],
    ];
    list.items = items.flatMap(([title, each]) =>
      each.length > 0 ? [{ label: title, kind: QuickPickItemKind.Separator }, ...each] : [],
    );
  };
  list.title = l10n.t('Machine to train on');
  list.placeholder = l10n.t('A host that ssh reaches without a password, or a Ray cluster');
  try {
    return await new Promise<Item | undefined>(resolve => {
      list.onDidAccept(() => resolve(list.selectedItems[0]));
      list.onDidHide(() => resolve(undefined));
      list.onDidTriggerItemButton(({ item }) => {
        if (item.used) void places.forget(item.used).then(show);
      });
      show();
      list.show();
    });
  } finally {
    list.dispose();
  }
}

function placeItem(on: TrainingPlace): QuickPickItem {
  const { place, python, workers } = on;
  const more = [place, python, workers === undefined ? undefined : l10n.t('{0} workers', workers)];
  return { label: placeName(on), description: more.filter(Boolean).join(' · ') };
}

async function askPlace(): Promise<string | undefined> {
  const value = 'ssh:';
  const place = await window.showInputBox({
    title: l10n.t('Machine to train on'),
    prompt: l10n.t('ssh:HOST, ssh:HOST:FOLDER for another folder than ~/multi-lora, or ray:HOST:8265.'),
    value,
    valueSelection: [value.length, value.length],
    ignoreFocusOut: true,
    validateInput: text =>
      parsePlace(text.trim())
        ? undefined
        : l10n.t('A place is ssh:gpu-box, ssh:me@gpu-box:/data/jobs or ray:head:8265, without spaces.'),
  });
  return place?.trim();
}

/** What is asked once for a machine: the interpreter, and how many workers of Ray. */
async function askHow(place: string): Promise<TrainingPlace | undefined> {
  const isRay = parsePlace(place)?.kind === 'ray';
  const python = await window.showInputBox({
    title: l10n.t('Python on {0}', placeName({ place })),
    prompt: isRay
      ? l10n.t('A Python there with PyTorch, transformers, TRL and PEFT. Leave it empty for “python”.')
      : l10n.t('Leave it empty for uv, or python3 where there is none; or a Python there that has the packages.'),
    placeHolder: 'venv/bin/python',
    ignoreFocusOut: true,
    validateInput: text =>
      text.trim() === '' || isPlainCommand(text.trim())
        ? undefined
        : l10n.t('A program with plain arguments, such as venv/bin/python: no quotes, $ or ;.'),
  });
  if (python === undefined) return undefined;
  const how = { place, ...(python.trim() !== '' && { python: python.trim() }) };
  if (!isRay) return how;
  const workers = await window.showInputBox({
    title: l10n.t('Workers on {0}', placeName({ place })),
    prompt: l10n.t('The rows of each batch are parted among the workers of an expert.'),
    value: '1',
    ignoreFocusOut: true,
    validateInput: text => (/^[1-9]\d{0,3}$/.test(text.trim()) ? undefined : l10n.t('A whole number from 1.')),
  });
  return workers === undefined ? undefined : { ...how, workers: Number(workers) };
}
