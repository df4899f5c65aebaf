import { type CommandId, commands } from './commands.ts';
import { viewIds, views } from './sidebar.ts';

/** A link of the walkthrough to a command, as its title says. */
function link(command: CommandId): string {
  return `[${commands[command].title}](command:${command})`;
}

/** A link to one of our views. */
function viewLink(view: keyof typeof viewIds): string {
  const { id, name } = views.find(v => v.id === viewIds[view])!;
  return `[${name}](command:${id}.focus)`;
}

/** The way from nothing to experts that answer: nothing of it but another base needs a network. */
export const walkthrough = {
  id: 'start',
  title: 'Get started with Multi-LoRA',
  description: 'Train experts on one base model, ask them, and see what they learned.',
  steps: [
    {
      id: 'begin',
      title: 'Choose what to learn from',
      description: `The example workspace has a recipe and data for three experts: math, code and questions about a text. A new recipe takes your own JSONL or CSV files, one expert for each.\n${link('multiLora.openExamples')}\n${link('multiLora.newRecipe')}`,
      media: {
        svg: 'media/walkthrough/begin.svg',
        altText: 'Each data file trains an expert on one frozen base model',
      },
      completionEvents: ['onCommand:multiLora.openExamples', 'onCommand:multiLora.newRecipe'],
    },
    {
      id: 'train',
      title: 'Train the experts',
      description: `They learn in one run, on the base that comes with the extension. A training that is stopped goes on from where it was. ${viewLink('runs')} shows how far it is, ${viewLink('experts')} who is trained.\n${link('multiLora.train')}`,
      media: { svg: 'media/walkthrough/train.svg', altText: 'The losses of three experts fall' },
      completionEvents: [
        'onCommand:multiLora.train',
        'onCommand:multiLora.trainOnFile',
        'onCommand:multiLora.expert.train',
      ],
    },
    {
      id: 'ask',
      title: 'Ask them',
      description: `Each prompt goes to the right expert, and the chat shows why. Or select code in an editor and ask there; or say yourself who answers. The foot of the window says who that is, and who is loaded.\n${link('multiLora.openChat')}\n${link('multiLora.switchExperts')}`,
      media: { svg: 'media/walkthrough/ask.svg', altText: 'A prompt is routed to the math expert, with the evidence' },
      completionEvents: ['onCommand:multiLora.openChat', 'onCommand:multiLora.ask', 'onCommand:multiLora.expert.ask'],
    },
    {
      id: 'report',
      title: 'See what they learned',
      description: `The base and every expert answer every held-out question. The report compares them, and shows that nothing was forgotten. With a *minimum* in the recipe, each set is a test in the Test Explorer.\n${link('multiLora.evaluate')}\n${link('multiLora.openReport')}`,
      media: {
        svg: 'media/walkthrough/report.svg',
        altText: 'A matrix of right answers of each expert on each domain',
      },
      completionEvents: ['onCommand:multiLora.evaluate', 'onCommand:multiLora.openReport'],
    },
    {
      id: 'base',
      title: 'Get a larger base model',
      description: `The one that comes with the extension is there so that everything runs at once. For answers to work with, get a small instruct model that fits your memory, or open the folder of one. ${viewLink('bases')} lists those that are here.\n${link('multiLora.getBase')}`,
      media: { svg: 'media/walkthrough/base.svg', altText: 'A list of base models, some of them downloaded' },
      completionEvents: ['onCommand:multiLora.getBase'],
    },
  ],
} as const;
