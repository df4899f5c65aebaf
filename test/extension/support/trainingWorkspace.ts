import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { temporaryFolder } from '../../support/temporaryFolder.ts';

/** Data of additions, data with a mistake, a table with columns of its own and one of held-out rows, recipes that are soon done and one that never is. */
export function trainingWorkspace(): string {
  const folder = temporaryFolder();
  const rows = Array.from({ length: 60 }, (_, i) => ({
    prompt: `What is ${i % 10} + ${i % 7}?`,
    completion: `${(i % 10) + (i % 7)}`,
  }));
  const lines = rows.map(row => `${JSON.stringify(row)}\n`);
  writeFileSync(join(folder, 'adding.jsonl'), lines.join(''));
  writeFileSync(join(folder, 'wrong.jsonl'), [lines[0], '{ "prompt": "no end\n', lines[1]].join(''));
  writeFileSync(join(folder, 'more.jsonl'), lines.slice(0, 4).join(''));
  const table = (from: number) => Array.from({ length: 4 }, (_, i) => `What is ${from + i}?;${from + i}\n`).join('');
  writeFileSync(join(folder, 'own.csv'), `Frage;Antwort\n${table(0)}`);
  writeFileSync(join(folder, 'own-heldout.csv'), `Frage;Antwort\n${table(10)}`);
  const scored = {
    lora: { rank: 2 },
    training: { steps: 3, batchSize: 2 },
    experts: { scored: { data: { train: 'more.jsonl' } } },
    generation: { maxTokens: 4 },
    evaluation: { sets: { sums: { data: 'more.jsonl', expert: 'scored' } } },
  };
  writeFileSync(join(folder, 'scored.lora.json'), JSON.stringify(scored));
  const long = {
    lora: { rank: 2 },
    training: { steps: 100_000, batchSize: 2, checkpointEvery: 20 },
    experts: { long: { data: { train: 'adding.jsonl' } } },
  };
  writeFileSync(join(folder, 'long.lora.json'), JSON.stringify(long));
  const there = { ...scored, experts: { there: { data: { train: 'more.jsonl' } } }, evaluation: {} };
  writeFileSync(join(folder, 'there.lora.json'), JSON.stringify(there));
  return folder;
}
