import type { CommandContribution } from './commandContribution.ts';
/** Every command, once. package.json's part is generated from the tables of this folder (`npm run manifest`); handlers are typed by them. */

import { reportFile } from '../../experiment/paths.ts';
import { notebookType } from './editors.ts';
import { rowMenu, titleMenu } from './sidebar.ts';
import { canBeDone } from './taskMenus.ts';
import { treeCommands } from './treeCommands.ts';

const isRecipe = 'resourceFilename =~ /\\.lora\\.json$/';
const ofReview = (words: string) => `commentController == multiLora.review && commentThread =~ /${words}/`;
const isNotebook = `notebookType == '${notebookType}'`;
const isReport = `resourceFilename == '${reportFile}'`;
const isData = 'resourceExtname =~ /^\\.(jsonl|csv|tsv|parquet)$/';

export const commands = {
  'multiLora.ask': {
    title: 'Ask the Experts…',
    icon: 'comment-discussion',
    key: { key: 'ctrl+alt+a', mac: 'cmd+alt+a', when: 'editorTextFocus' },
    palette: 'editorIsOpen',
    menus: [{ menu: 'multiLora.editor', when: 'editorIsOpen', group: '1_ask@1' }],
  },
  'multiLora.explain': {
    title: 'Explain the Selection',
    palette: 'editorHasSelection',
    menus: [{ menu: 'multiLora.editor', when: canBeDone('explain'), group: '1_ask@2' }],
  },
  'multiLora.document': {
    title: 'Document the Selection',
    palette: 'editorHasSelection',
    menus: [{ menu: 'multiLora.editor', when: canBeDone('document'), group: '1_ask@3' }],
  },
  'multiLora.writeTests': {
    title: 'Write Tests for the Selection',
    palette: 'editorHasSelection',
    menus: [{ menu: 'multiLora.editor', when: canBeDone('writeTests'), group: '1_ask@4' }],
  },
  'multiLora.answer.insert': {
    title: 'Insert the Answer',
    icon: 'insert',
    palette: 'multiLora.hasAnswer',
  },
  'multiLora.answer.replace': {
    title: 'Replace the Selection with the Answer…',
    icon: 'replace',
    palette: 'multiLora.hasAnswer',
  },
  'multiLora.answer.copy': {
    title: 'Copy the Answer',
    icon: 'copy',
    palette: 'multiLora.hasAnswer',
  },
  'multiLora.answer.openAsFile': {
    title: 'Open the Answer as a New File',
    icon: 'new-file',
    palette: 'multiLora.hasAnswer',
  },
  'multiLora.review.changes': {
    title: 'Review Changes',
    icon: 'checklist',
    menus: [{ menu: 'scm/title', when: 'scmProvider == git', group: '2_multiLora@1' }],
  },
  'multiLora.review.commits': {
    title: 'Review Commits…',
    icon: 'git-commit',
    menus: [{ menu: 'scm/title', when: 'scmProvider == git', group: '2_multiLora@2' }],
  },
  'multiLora.review.file': { title: 'Review the File', palette: 'editorIsOpen' },
  'multiLora.review.selection': {
    title: 'Review the Selection',
    palette: 'editorHasSelection',
    menus: [{ menu: 'multiLora.editor', when: 'editorHasSelection', group: '1_ask@5' }],
  },
  'multiLora.review.apply': {
    title: 'Apply the Suggestion',
    icon: 'wand',
    palette: 'false',
    menus: [{ menu: 'comments/commentThread/title', when: ofReview('suggestion'), group: 'inline@1' }],
  },
  'multiLora.review.resolve': {
    title: 'Resolve',
    icon: 'check',
    palette: 'false',
    menus: [{ menu: 'comments/commentThread/title', when: ofReview('open'), group: 'inline@2' }],
  },
  'multiLora.review.reopen': {
    title: 'Reopen',
    icon: 'discard',
    palette: 'false',
    menus: [{ menu: 'comments/commentThread/title', when: ofReview('resolved'), group: 'inline@2' }],
  },
  'multiLora.review.showSummary': { title: 'Show the Summary of the Review', palette: 'multiLora.hasReview' },
  'multiLora.review.clear': { title: 'Remove the Comments of the Review', palette: 'multiLora.hasReview' },
  'multiLora.openChat': { title: 'Chat with the Experts', icon: 'comment-discussion' },
  'multiLora.switchExperts': {
    title: 'Switch or Blend Experts…',
    icon: 'arrow-swap',
    key: { key: 'ctrl+alt+e', mac: 'cmd+alt+e' },
  },
  'multiLora.selectRecipe': { title: 'Select Recipe…' },
  ...treeCommands,
  'multiLora.openTraining': {
    title: 'Open Training View',
    icon: 'dashboard',
    menus: [
      { menu: 'editor/title', when: isRecipe, group: 'navigation@0' },
      { menu: 'multiLora.explorer', when: isRecipe, group: '1_run@0' },
      rowMenu('recipes', ['recipe'], '2_run@0'),
    ],
  },
  'multiLora.train': {
    title: 'Train Experts…',
    icon: 'mortar-board',
    menus: [
      { menu: 'editor/title', when: isRecipe, group: 'navigation@1' },
      { menu: 'multiLora.explorer', when: isRecipe, group: '1_run@1' },
      rowMenu('recipes', ['recipe'], 'inline@1'),
      rowMenu('recipes', ['recipe'], '2_run@1'),
      titleMenu('experts', 'navigation@1'),
    ],
  },
  'multiLora.trainOn': {
    title: 'Train on Another Machine…',
    icon: 'vm-running',
    menus: [
      { menu: 'multiLora.explorer', when: isRecipe, group: '1_run@1' },
      rowMenu('recipes', ['recipe'], '2_run@1'),
    ],
  },
  'multiLora.openAsNotebook': {
    title: 'Open as Notebook',
    icon: 'notebook',
    palette: isRecipe,
    menus: [
      {
        menu: 'editor/title',
        when: `${isRecipe} && activeEditor == workbench.editors.files.textFileEditor`,
        group: 'navigation@2',
      },
      { menu: 'explorer/context', when: isRecipe, group: 'navigation@20' },
      rowMenu('recipes', ['recipe'], '1_open@2'),
    ],
  },
  'multiLora.openAsText': {
    title: 'Open as Text',
    icon: 'go-to-file',
    palette: isNotebook,
    menus: [{ menu: 'notebook/toolbar', when: isNotebook, group: 'navigation@1' }],
  },
  'multiLora.addStep': {
    title: 'Add Step…',
    icon: 'add',
    palette: isNotebook,
    menus: [{ menu: 'notebook/toolbar', when: isNotebook, group: 'navigation@0' }],
  },
  'multiLora.trainOnFile': {
    title: 'Train an Expert on This File…',
    icon: 'mortar-board',
    palette: isData,
    menus: [
      { menu: 'explorer/context', when: isData, group: '5_multiLora@1' },
      { menu: 'multiLora.editor', when: isData, group: '2_train@1' },
    ],
  },
  'multiLora.resumeTraining': { title: 'Resume Training…', icon: 'debug-continue' },
  'multiLora.stopTraining': { title: 'Stop Training…', icon: 'debug-stop', palette: 'multiLora.isRunning' },
  'multiLora.evaluate': {
    title: 'Evaluate…',
    icon: 'graph',
    menus: [
      { menu: 'multiLora.explorer', when: isRecipe, group: '1_run@2' },
      rowMenu('recipes', ['recipe', 'trained'], 'inline@2'),
      rowMenu('recipes', ['recipe'], '2_run@2'),
      titleMenu('experts', 'navigation@2'),
    ],
  },
  'multiLora.merge': {
    title: 'Merge Experts…',
    icon: 'git-merge',
    menus: [{ menu: 'multiLora.explorer', when: isRecipe, group: '1_run@3' }],
  },
  'multiLora.measure': { title: 'Measure a Merge…', icon: 'graph' },
  'multiLora.openBlendLab': {
    title: 'Open Blend Lab',
    icon: 'settings',
    menus: [
      { menu: 'multiLora.explorer', when: isRecipe, group: '1_run@4' },
      rowMenu('recipes', ['recipe', 'trained'], '2_run@3'),
    ],
  },
  'multiLora.askOfRecipe': { title: 'Ask an Expert of a Recipe', palette: 'false' },
  'multiLora.openReport': {
    title: 'Open Report…',
    icon: 'open-preview',
    menus: [
      { menu: 'editor/title', when: `${isReport} && !activeCustomEditorId`, group: 'navigation@1' },
      { menu: 'explorer/context', when: isReport, group: 'navigation@20' },
    ],
  },
  'multiLora.rateAnswer': { title: 'Rate an Answer', palette: 'false' },
  'multiLora.openFeedback': { title: 'Open Collected Feedback' },
  'multiLora.deleteFeedback': { title: 'Delete Collected Feedback…' },
  'multiLora.getStarted': { title: 'Get Started' },
  'multiLora.newRecipe': { title: 'New Recipe…', icon: 'new-file', menus: [titleMenu('recipes', 'navigation@1')] },
  'multiLora.openExamples': { title: 'Open Example Workspace…', icon: 'folder-library' },
  'multiLora.getBase': {
    title: 'Get a Base Model…',
    icon: 'cloud-download',
    menus: [titleMenu('bases', 'navigation@1')],
  },
  'multiLora.getDataset': {
    title: 'Get a Dataset…',
    icon: 'database',
    menus: [titleMenu('recipes', 'navigation@2')],
  },
  'multiLora.setToken': { title: 'Set Hugging Face Token…', icon: 'key' },
  'multiLora.removeToken': { title: 'Remove Hugging Face Token' },
  'multiLora.setEngineKey': { title: 'Set Engine Key…', icon: 'key' },
  'multiLora.chooseServers': { title: 'Servers That Get Prompts…', icon: 'shield' },
  'multiLora.startServer': { title: 'Start Server', icon: 'radio-tower' },
  'multiLora.stopServer': { title: 'Stop Server', palette: 'multiLora.isServing' },
  'multiLora.restartEngine': {
    title: 'Restart Engine',
    icon: 'debug-restart',
    menus: [{ menu: 'notebook/toolbar', when: isNotebook, group: 'navigation@2' }],
  },
  'multiLora.showLog': { title: 'Show Log', icon: 'output', menus: [titleMenu('runs', 'navigation@2')] },
} as const satisfies Record<string, CommandContribution>;

export type CommandId = keyof typeof commands;
