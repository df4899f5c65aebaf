import type { Random } from '../../src/nn/tensor/random.ts';
import { definitionsKey, drawDefinitions, fillDefinition } from '../data/qaDefinitions.ts';
import { drawFacts, type Fact, factsKey, fill, RELATIONS, type Relation, subjectAnswer } from '../data/qaRelations.ts';
import { withArticle } from '../data/qaWords.ts';
import { splitOf } from '../data/split.ts';
import { FILLER, type Piece } from './corpusPiece.ts';

/** One thing that a passage tells: what is looked up, and what is found. */
interface Lookup {
  query: string;
  found: string;
}

/**
 * Manners of looking things up. None is a question of the experts' data: they teach to find what goes with a word,
 * wherever in a line the word stands.
 */
const MANNERS: ((q: string) => string)[] = [
  q => `? ${q}\n`,
  q => `${q} ?\n`,
  q => `Q: ${q}\nA: `,
  q => `${q}:\n`,
  q => `${q} -> `,
  q => `${q} = `,
  q => `look up ${q}:\n`,
  q => `note on ${q} please\n`,
  q => `which entry has ${q} in it\n`,
  q => `we read of ${q} here\n`,
  q => `now ${q}, again\n`,
  q => `and ${q}?\n`,
  q => `the passage says of ${q}:\n`,
];

/** Asks for everything a passage told, in random order; every found word follows from the passage. */
function lookUpAll(lookups: Lookup[], random: Random): Piece[] {
  const manner = random.uniform() < 0.6 ? random.choice(MANNERS) : undefined;
  return random.shuffle(lookups).flatMap(({ query, found }): Piece[] => {
    const asked = (manner ?? random.choice(MANNERS))(query);
    // The space before a word belongs to its first token: it must be of the weight of the word.
    const [lead, gap] = asked.endsWith(' ') ? [asked.slice(0, -1), ' '] : [asked, ''];
    return [
      [lead, FILLER],
      [`${gap}${found}\n`, 1],
    ];
  });
}

/** Facts of one relation whose passage is in no other part than train. */
function trainFacts(relation: Relation, count: number, random: Random): Fact[] {
  for (;;) {
    const facts = drawFacts(relation, count, random);
    if (splitOf(factsKey(relation, facts)) === 'train') return facts;
  }
}

function factLookups(relation: Relation, facts: Fact[], random: Random): Lookup[] {
  const bare = random.uniform() < 0.5;
  const both = random.uniform();
  return facts.flatMap(fact => {
    const subject = relation.named || bare ? fact.subject : `the ${fact.subject}`;
    const isPlain = relation.id === 'color' || relation.id === 'time';
    const forward = { query: subject, found: fill(relation.answer, fact) };
    const backward = {
      query: bare || isPlain ? fact.value : `the ${fact.value}`,
      found: subjectAnswer(relation, fact),
    };
    return both < 0.65 ? [forward, backward] : both < 0.85 ? [forward] : [backward];
  });
}

/** A passage of two to five facts of one relation, and all of them looked up. */
export function factDocument(random: Random): Piece[] {
  const relation = random.choice(RELATIONS);
  const facts = trainFacts(relation, random.integer(2, Math.min(5, relation.values.length)), random);
  const manner = random.uniform() < 0.5 ? random.choice(relation.told) : undefined;
  const passage = facts.map(fact => fill(manner ?? random.choice(relation.told), fact)).join(' ');
  return [[`${passage}\n`, FILLER], ...lookUpAll(factLookups(relation, facts, random), random)];
}

/** A passage about two relations of the same people: the one asked for is named in the line. */
export function mixedDocument(random: Random): Piece[] {
  const relations = random.shuffle(RELATIONS.filter(r => r.named)).slice(0, 2);
  const people = trainFacts(relations[0]!, random.integer(2, 3), random);
  const told = relations.map((relation, i) => ({
    relation,
    facts:
      i === 0
        ? people
        : trainFacts(relation, people.length, random).map((f, j) => ({ ...f, subject: people[j]!.subject })),
  }));
  if (told.some(({ relation, facts }) => splitOf(factsKey(relation, facts)) !== 'train')) return mixedDocument(random);
  const sentences = told.flatMap(({ relation, facts }) => facts.map(fact => fill(random.choice(relation.told), fact)));
  const lookups = told.flatMap(({ relation, facts }) =>
    facts.flatMap(fact => [
      { query: `${relation.id} of ${fact.subject}`, found: fill(relation.answer, fact) },
      { query: `the ${fact.value}`, found: subjectAnswer(relation, fact) },
    ]),
  );
  return [[`${random.shuffle(sentences).join(' ')}\n`, FILLER], ...lookUpAll(lookups, random)];
}

const TOLD = [
  '{A} is {m}.',
  '{A} means {m}.',
  '{t} = {m};',
  '{t}: {m}.',
  'The word {t} means {m}.',
  'We call {m} {a}.',
];

/** Two to four definitions, glossary or invented, looked up by word and by meaning. */
export function definitionDocument(random: Random): Piece[] {
  const definitions = drawDefinitions(random.integer(2, 4), random.uniform() < 0.75, random);
  if (splitOf(definitionsKey(definitions)) !== 'train') return definitionDocument(random);
  const manner = random.choice(TOLD);
  const article = random.uniform() < 0.5;
  const lookups = definitions.flatMap(({ term, meaning }) => [
    { query: article ? withArticle(term) : term, found: meaning },
    { query: meaning, found: withArticle(term) },
  ]);
  const passage = definitions.map(d => fillDefinition(manner, d)).join(' ');
  return [[`${passage}\n`, FILLER], ...lookUpAll(lookups, random)];
}
