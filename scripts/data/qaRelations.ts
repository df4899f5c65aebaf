import type { Random } from '../../src/nn/tensor/random.ts';
import { COLORS, EVENTS, FOODS, JOBS, NAMES, OBJECTS, PLACES, withArticle } from './qaWords.ts';

/** A relation between a subject and a value: how it is told, and how it is asked for in both directions. */
export interface Relation {
  id: string;
  subjects: readonly string[];
  values: readonly string[];
  /** Whether the subject is a name (`Emma`) or a thing (`the box`). */
  named: boolean;
  /** `{s}` and `{v}` stand for subject and value, `{a}` for the value with its article. */
  told: string[];
  /** Asks for the value of a subject. */
  asked: string[];
  answer: string;
  /** Asks for the subject of a value. */
  reverse: string[];
}

const HOURS = Array.from({ length: 11 }, (_, i) => String(i + 1));

// biome-ignore format: one list of wordings a line
export const RELATIONS: Relation[] = [
  {
    id: 'place',
    subjects: NAMES,
    values: PLACES,
    named: true,
    told: ['{s} is in the {v}.', '{s} went to the {v}.', '{s} is now at the {v}.', '{s} stays in the {v}.', '{s} walked to the {v}.', 'In the {v} is {s}.', '{s} waits at the {v}.'],
    asked: ['Where is {s}?', 'Where can I find {s}?', 'In which place is {s}?', 'Where is {s} now?', 'Tell me where {s} is.', 'Which place is {s} at?', 'What is the place of {s}?', 'Do you know where {s} is?'],
    answer: 'the {v}',
    reverse: ['Who is in the {v}?', 'Who is at the {v}?', 'Which person is in the {v}?', 'Who can be found in the {v}?', 'Name the person in the {v}.', 'Tell me who is at the {v}.', 'Who is now in the {v}?', 'Whom do we find at the {v}?'],
  },
  {
    id: 'has',
    subjects: NAMES,
    values: OBJECTS,
    named: true,
    told: ['{s} has {a}.', '{s} holds {a}.', '{s} took the {v}.', '{s} got {a}.', '{s} found {a}.', 'The {v} is with {s}.', '{s} carries {a}.'],
    asked: ['What does {s} have?', 'What is {s} holding?', 'Which thing does {s} have?', 'What has {s} got?', 'Tell me what {s} has.', 'What thing is with {s}?', 'What does {s} hold?', 'Which object has {s}?'],
    answer: 'the {v}',
    reverse: ['Who has the {v}?', 'Who holds the {v}?', 'Which person has the {v}?', 'Who got the {v}?', 'With whom is the {v}?', 'Tell me who has the {v}.', 'Name the person with the {v}.', 'Who is the one with the {v}?'],
  },
  {
    id: 'job',
    subjects: NAMES,
    values: JOBS,
    named: true,
    told: ['{s} is {a}.', '{s} works as {a}.', '{s} became {a}.', 'The {v} is {s}.', '{s} is the {v} here.', 'The name of the {v} is {s}.', '{s} is {a} by trade.'],
    asked: ['What is the job of {s}?', 'What does {s} work as?', 'Which job does {s} have?', 'What is {s}?', 'What work does {s} do?', 'Tell me the job of {s}.', 'As what does {s} work?', 'What is {s} by trade?'],
    answer: 'the {v}',
    reverse: ['Who is the {v}?', 'Who works as {a}?', 'Which person is the {v}?', 'What is the name of the {v}?', 'Name the {v}.', 'Tell me who is {a}.', 'Who has the job of {a}?', 'Which one is the {v}?'],
  },
  {
    id: 'likes',
    subjects: NAMES,
    values: FOODS,
    named: true,
    told: ['{s} likes the {v}.', '{s} wants the {v}.', '{s} asked for the {v}.', '{s} bought the {v}.', 'The {v} is for {s}.', '{s} made the {v}.', '{s} takes the {v}.'],
    asked: ['What does {s} like?', 'What did {s} want?', 'What did {s} ask for?', 'What is for {s}?', 'Tell me what {s} likes.', 'Which food is for {s}?', 'What did {s} take?', 'What would {s} like?'],
    answer: 'the {v}',
    reverse: ['Who likes the {v}?', 'Who wants the {v}?', 'For whom is the {v}?', 'Who asked for the {v}?', 'Tell me who wants the {v}.', 'Which person likes the {v}?', 'Who takes the {v}?', 'Name the one who likes the {v}.'],
  },
  {
    id: 'color',
    subjects: OBJECTS,
    values: COLORS,
    named: false,
    told: ['The {s} is {v}.', 'There is {a} {s}.', 'I see {a} {s}.', 'The color of the {s} is {v}.', 'They have {a} {s}.', 'The {s} was made {v}.', 'We found {a} {s}.'],
    asked: ['What color is the {s}?', 'What is the color of the {s}?', 'Which color does the {s} have?', 'Tell me the color of the {s}.', 'What color has the {s}?', 'Of which color is the {s}?', 'Which color is the {s}?', 'How is the {s} colored?'],
    answer: '{v}',
    reverse: ['What is {v}?', 'Which thing is {v}?', 'What thing is {v}?', 'Which object is {v}?', 'Tell me what is {v}.', 'What has the color {v}?', 'Which one is {v}?', 'Name the {v} thing.'],
  },
  {
    id: 'location',
    subjects: OBJECTS,
    values: PLACES,
    named: false,
    told: ['The {s} is in the {v}.', 'The {s} was left in the {v}.', 'There is {sa} in the {v}.', 'The {s} lies in the {v}.', 'In the {v} there is {sa}.', 'They put the {s} in the {v}.', 'The {s} stands in the {v}.'],
    asked: ['Where is the {s}?', 'Where can I find the {s}?', 'In which place is the {s}?', 'Where was the {s} left?', 'Tell me where the {s} is.', 'Which place is the {s} in?', 'Where did they put the {s}?', 'Where should I look for the {s}?'],
    answer: 'the {v}',
    reverse: ['What is in the {v}?', 'Which thing is in the {v}?', 'What can be found in the {v}?', 'What was left in the {v}?', 'Tell me what is in the {v}.', 'What is there in the {v}?', 'Which object is in the {v}?', 'Name the thing in the {v}.'],
  },
  {
    id: 'time',
    subjects: EVENTS,
    values: HOURS,
    named: false,
    told: ['The {s} starts at {v}.', 'The {s} is at {v}.', 'At {v} there is the {s}.', 'The {s} comes at {v}.', 'The hour of the {s} is {v}.', 'The {s} begins at {v}.', 'They plan the {s} for {v}.'],
    asked: ['When does the {s} start?', 'At what time is the {s}?', 'When is the {s}?', 'At which hour is the {s}?', 'What time is the {s}?', 'Tell me when the {s} is.', 'When should I come for the {s}?', 'What is the hour of the {s}?'],
    answer: 'at {v}',
    reverse: ['What starts at {v}?', 'What is at {v}?', 'What comes at {v}?', 'Which thing is planned for {v}?', 'Tell me what is at {v}.', 'What happens at {v}?', 'What begins at {v}?', 'What do they plan for {v}?'],
  },
];

export interface Fact {
  subject: string;
  value: string;
}

/** Distinct subjects with distinct values, so that both directions have one answer. */
export function drawFacts(relation: Relation, count: number, random: Random): Fact[] {
  const draw = (words: readonly string[]) => {
    const chosen = new Set<string>();
    while (chosen.size < count) chosen.add(random.choice(words));
    return [...chosen];
  };
  const [subjects, values] = [draw(relation.subjects), draw(relation.values)];
  return subjects.map((subject, i) => ({ subject, value: values[i]! }));
}

export function fill(template: string, { subject, value }: Fact): string {
  return template
    .replaceAll('{sa}', withArticle(subject))
    .replaceAll('{s}', subject)
    .replaceAll('{v}', value)
    .replaceAll('{a}', withArticle(value));
}

/** `Emma` or `the box`. */
export const subjectAnswer = (relation: Relation, fact: Fact) =>
  relation.named ? fact.subject : `the ${fact.subject}`;

/** The identity of a passage: its relation and facts, in whatever order and words they are told. */
export function factsKey(relation: Relation, facts: readonly Fact[]): string {
  return `${relation.id}:${facts
    .map(f => `${f.subject}=${f.value}`)
    .sort()
    .join(',')}`;
}
