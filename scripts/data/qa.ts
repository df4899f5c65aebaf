import type { Random } from '../../src/nn/tensor/random.ts';
import {
  ASKED_MEANINGS,
  ASKED_TERMS,
  definitionsKey,
  drawDefinitions,
  fillDefinition,
  TOLD_DEFINITIONS,
} from './qaDefinitions.ts';
import { drawFacts, factsKey, fill, RELATIONS, subjectAnswer } from './qaRelations.ts';
import { withArticle } from './qaWords.ts';
import type { GeneratedExample } from './split.ts';

function exchange(passage: string[], question: string, answer: string, random: Random): GeneratedExample['messages'] {
  const text = passage.join(' ');
  const manner = random.uniform();
  const content =
    manner < 0.5 ? `${text}\n${question}` : manner < 0.85 ? `${text} ${question}` : `${question}\n${text}`;
  return [
    { role: 'user', content },
    { role: 'assistant', content: answer },
  ];
}

function relationExample(random: Random): GeneratedExample {
  const relation = random.choice(RELATIONS);
  const facts = drawFacts(relation, random.uniform() < 0.5 ? 2 : 3, random);
  // Most passages keep to one manner of telling, as people do in a list; some vary it.
  const manner = random.uniform() < 0.5 ? random.choice(relation.told) : undefined;
  const passage = facts.map(fact => fill(manner ?? random.choice(relation.told), fact));
  const fact = random.choice(facts);
  const forward = random.uniform() < 0.5;
  const question = fill(random.choice(forward ? relation.asked : relation.reverse), fact);
  const answer = forward ? fill(relation.answer, fact) : subjectAnswer(relation, fact);
  return {
    messages: exchange(passage, question, answer, random),
    kind: forward ? relation.id : `${relation.id}-reverse`,
    key: factsKey(relation, facts),
  };
}

function definitionExample(random: Random): GeneratedExample {
  const invented = random.uniform() < 0.6;
  const definitions = drawDefinitions(random.uniform() < 0.6 ? 2 : 3, invented, random);
  const manner = random.choice(TOLD_DEFINITIONS);
  const passage = definitions.map(d => fillDefinition(manner, d));
  const definition = random.choice(definitions);
  const forward = random.uniform() < 0.6;
  const question = fillDefinition(random.choice(forward ? ASKED_MEANINGS : ASKED_TERMS), definition);
  return {
    messages: exchange(passage, question, forward ? definition.meaning : withArticle(definition.term), random),
    kind: forward ? 'meaning' : 'term',
    key: definitionsKey(definitions),
  };
}

/** One question about a short passage, answered by a word or short phrase of the passage. */
export function qaExample(random: Random): GeneratedExample {
  return random.uniform() < 0.84 ? relationExample(random) : definitionExample(random);
}
