import type { CommandContribution } from './commandContribution.ts';
import { rowMenu, titleMenu } from './sidebar.ts';

/** What can be done with the rows of the trees beside the editors. The palette has no row to do it with. */
export const treeCommands = {
  'multiLora.recipe.open': { title: 'Open', palette: 'false', menus: [rowMenu('recipes', ['recipe'], '1_open@1')] },
  'multiLora.recipe.makeActive': {
    title: 'Make Active',
    icon: 'check',
    palette: 'false',
    menus: [rowMenu('recipes', ['other'], 'inline@0'), rowMenu('recipes', ['other'], '1_open@3')],
  },
  'multiLora.recipe.reveal': {
    title: 'Reveal in Explorer',
    palette: 'false',
    menus: [rowMenu('recipes', ['recipe'], '3_file@1')],
  },
  'multiLora.expert.ask': {
    title: 'Ask',
    icon: 'comment-discussion',
    palette: 'false',
    menus: [rowMenu('experts', ['trained'], 'inline@1'), rowMenu('experts', ['trained'], '1_use@1')],
  },
  'multiLora.expert.load': {
    title: 'Load',
    icon: 'plug',
    palette: 'false',
    menus: [
      rowMenu('experts', ['trained', 'unloaded'], 'inline@2'),
      rowMenu('experts', ['trained', 'unloaded'], '1_use@2'),
    ],
  },
  'multiLora.expert.unload': {
    title: 'Unload',
    icon: 'debug-disconnect',
    palette: 'false',
    menus: [rowMenu('experts', ['loaded'], 'inline@2'), rowMenu('experts', ['loaded'], '1_use@2')],
  },
  'multiLora.expert.train': {
    title: 'Train…',
    icon: 'mortar-board',
    palette: 'false',
    menus: [
      rowMenu('experts', ['untrained', 'trainable', 'idle'], 'inline@1'),
      rowMenu('experts', ['trainable', 'idle'], '2_run@1'),
    ],
  },
  'multiLora.expert.evaluate': {
    title: 'Evaluate',
    palette: 'false',
    menus: [rowMenu('experts', ['trained', 'measurable'], '2_run@2')],
  },
  'multiLora.expert.export': {
    title: 'Export…',
    palette: 'false',
    menus: [rowMenu('experts', ['trained'], '3_file@1')],
  },
  'multiLora.expert.reveal': {
    title: 'Reveal the Adapter',
    palette: 'false',
    menus: [rowMenu('experts', ['trained'], '3_file@2')],
  },
  'multiLora.expert.delete': {
    title: 'Delete the Adapter…',
    palette: 'false',
    menus: [rowMenu('experts', ['own'], '4_delete@1')],
  },
  'multiLora.run.stop': {
    title: 'Stop',
    icon: 'debug-stop',
    palette: 'false',
    menus: [rowMenu('runs', ['running'], 'inline@1'), rowMenu('runs', ['running'], '1_run@1')],
  },
  'multiLora.run.resume': {
    title: 'Resume',
    icon: 'debug-continue',
    palette: 'false',
    menus: [rowMenu('runs', ['resumable'], 'inline@1'), rowMenu('runs', ['resumable'], '1_run@1')],
  },
  'multiLora.run.openReport': {
    title: 'Open Report',
    icon: 'open-preview',
    palette: 'false',
    menus: [rowMenu('runs', ['report'], 'inline@2'), rowMenu('runs', ['report'], '2_open@1')],
  },
  'multiLora.run.openEvents': {
    title: 'Open Events',
    palette: 'false',
    menus: [rowMenu('runs', ['train'], '2_open@2')],
  },
  'multiLora.run.openRecord': {
    title: 'Open Record',
    palette: 'false',
    menus: [rowMenu('runs', ['run'], '2_open@3')],
  },
  'multiLora.run.reveal': {
    title: 'Reveal in Explorer',
    palette: 'false',
    menus: [rowMenu('runs', ['run'], '3_file@1')],
  },
  'multiLora.run.delete': {
    title: 'Delete from the History…',
    palette: 'false',
    menus: [rowMenu('runs', ['ended'], '4_delete@1')],
  },
  'multiLora.base.use': {
    title: 'Use in the Active Recipe',
    icon: 'check',
    palette: 'false',
    menus: [rowMenu('bases', ['other'], 'inline@1'), rowMenu('bases', ['other'], '1_use@1')],
  },
  'multiLora.base.reveal': {
    title: 'Reveal the Folder',
    palette: 'false',
    menus: [rowMenu('bases', ['base'], '3_file@1')],
  },
  'multiLora.base.delete': {
    title: 'Delete from the Cache…',
    palette: 'false',
    menus: [rowMenu('bases', ['cached'], '4_delete@1')],
  },
  'multiLora.sidebar.refresh': {
    title: 'Refresh',
    icon: 'refresh',
    palette: 'false',
    menus: (['recipes', 'experts', 'runs', 'bases'] as const).map(view => titleMenu(view, 'navigation@9')),
  },
} as const satisfies Record<string, CommandContribution>;
