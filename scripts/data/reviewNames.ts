import type { Random } from '../../src/nn/tensor/random.ts';

const words = (text: string) => text.split(' ');

/** Of single values. */
const VALUES = words(
  'value count total sum index size limit name key kind type state status mode level score price amount age width height depth speed color label title text line word user item entry node row column page part order group record result score token role path target source step rate offset weight rank day month year hour minute distance quantity balance code port',
);
const LISTS = words(
  'list items values names keys users entries nodes rows columns pages parts orders groups records results tokens roles paths steps words lines files days months scores prices numbers points events tasks messages labels books cards players options children options args',
);
const OBJECTS = words(
  'user item node order record config options settings state request response event task message account product player file page team car book session job game row',
);
const ADJECTIVES = words('new old first last next max min current final total inner outer left right user file local');
const VERBS = words(
  'get make find build count check show pick read parse format update handle create compute apply collect merge split draw render print remove insert sort clean',
);
/** What begins the name of a function whose result has to be waited for. */
const WAITED = words('fetch load save send download upload query connect delete sync');
const THINGS = words(
  'User Item List Name Value Order Page Total Data File Node Row Event Task Message State Config Key Price Score Label Text Account Team Record Session Report Image Entry Status Result Token',
);

const capital = (word: string) => word.charAt(0).toUpperCase() + word.slice(1);

/** A name such as `count` or `maxPrice`. */
export function valueName(random: Random): string {
  const word = random.choice(VALUES);
  return random.uniform() < 0.3 ? random.choice(ADJECTIVES) + capital(word) : word;
}

/** A name such as `users` or `newOrders`. */
export function listName(random: Random): string {
  const word = random.choice(LISTS);
  return random.uniform() < 0.25 ? random.choice(ADJECTIVES) + capital(word) : word;
}

export function objectName(random: Random): string {
  return random.choice(OBJECTS);
}

/** A name such as `getTotal` or `parsePageName`. */
export function functionName(random: Random): string {
  const name = random.choice(VERBS) + random.choice(THINGS);
  return random.uniform() < 0.15 ? name + random.choice(THINGS) : name;
}

/** A name such as `fetchUser` or `api.loadItems`. */
export function waitedName(random: Random): string {
  const name = random.choice(WAITED) + random.choice(THINGS);
  return random.uniform() < 0.25 ? `${random.choice(words('api db client server store'))}.${name}` : name;
}

/** A property of one of the objects. */
export function propertyName(random: Random): string {
  return random.choice(VALUES);
}

/** A literal: a word in quotes or a number. */
export function literal(random: Random): string {
  return random.uniform() < 0.5 ? `"${random.choice(VALUES)}"` : String(random.integer(0, 100));
}
