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

/** The way from the first answer to experts of one's own: nothing of it but another base needs a network. */
export const walkthrough = {
  id: 'start',
  title: 'Get started with Multi-LoRA',
  description: 'Train experts on one base model, ask them, and see what they learned.',
  steps: [
    {
      id: 'ask',
      title: 'Ask the experts',
      description: `Three small example experts come with the extension: math, code and questions about a text. Ask “What is 47 + 38?”: the question goes to the right expert, and the chat shows why. They know what their examples taught them, and little else. The status bar shows who answers; a click there changes it.\n${link('multiLora.openChat')}\n${link('multiLora.switchExperts')}`,
      media: { svg: 'media/walkthrough/ask.svg', altText: 'A prompt is routed to the math expert, with the evidence' },
      completionEvents: ['onCommand:multiLora.openChat', 'onCommand:multiLora.ask', 'onCommand:multiLora.expert.ask'],
    },
    {
      id: 'base',
      title: 'Get a larger base model',
      description: `The base that comes with the extension has 5 million parameters: it shows how everything works. For useful answers, get a small instruct model that fits your memory, or open the folder of one. ${viewLink('bases')} lists those that are here. The example experts belong to the small base; yours are trained on the one you choose.\n${link('multiLora.getBase')}`,
      media: { svg: 'media/walkthrough/base.svg', altText: 'A list of base models, some of them downloaded' },
      completionEvents: ['onCommand:multiLora.getBase'],
    },
    {
      id: 'begin',
      title: 'Make an expert of your own',
      description: `A new recipe takes your own JSONL or CSV files, one expert for each. To try it first, the example workspace has first/commits.lora.json, whose expert is trained in about a minute, and the data of the three example experts.\n${link('multiLora.newRecipe')}\n${link('multiLora.openExamples')}`,
      media: {
        svg: 'media/walkthrough/begin.svg',
        altText: 'Each data file trains an expert on one frozen base model',
      },
      completionEvents: ['onCommand:multiLora.openExamples', 'onCommand:multiLora.newRecipe'],
    },
    {
      id: 'train',
      title: 'Train it',
      description: `Experts of a recipe learn in one run. Before it begins you are told how long it takes; the status bar shows how far it is. A training that is stopped goes on from where it was. ${viewLink('runs')} has every run, ${viewLink('experts')} who is trained.\n${link('multiLora.train')}`,
      media: { svg: 'media/walkthrough/train.svg', altText: 'The losses of three experts fall' },
      completionEvents: [
        'onCommand:multiLora.train',
        'onCommand:multiLora.trainOnFile',
        'onCommand:multiLora.expert.train',
      ],
    },
    {
      id: 'report',
      title: 'See what they learned',
      description: `The base and every expert answer every held-out question. The report compares them, and shows that nothing was forgotten. With a minimum in the recipe, each set is a test in the Test Explorer.\n${link('multiLora.evaluate')}\n${link('multiLora.openReport')}`,
      media: {
        svg: 'media/walkthrough/report.svg',
        altText: 'A matrix of right answers of each expert on each domain',
      },
      completionEvents: ['onCommand:multiLora.evaluate', 'onCommand:multiLora.openReport'],
    },
  ],
} as const;
