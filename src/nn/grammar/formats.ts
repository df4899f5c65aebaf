/**
 * Patterns of the formats that answers are held to. They are a little narrower than the formats where that keeps them
 * regular: no leap seconds, days up to the 28th, addresses of hosts alone.
 */
const day = '(?:0[1-9]|1[0-9]|2[0-8])';
const date = `[0-9]{4}-(?:0[1-9]|1[0-2])-${day}`;
const time = '(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:\\.[0-9]{1,6})?(?:Z|[+-](?:0[0-9]|1[0-4]):[0-5][0-9])';
const label = '[A-Za-z0-9](?:[A-Za-z0-9-]{0,20}[A-Za-z0-9])?';
const host = `${label}(?:\\.${label}){0,5}`;
const byte = '(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])';
const hex = '[0-9a-fA-F]';

export const formatPatterns: Record<string, string> = {
  date: `^${date}$`,
  time: `^${time}$`,
  'date-time': `^${date}T${time}$`,
  duration: '^P(?:[0-9]{1,4}W|[0-9]{1,4}D(?:T[0-9]{1,4}H)?|T[0-9]{1,4}[HMS]|[0-9]{1,4}[YM])$',
  email: `^[A-Za-z0-9_+-]{1,30}(?:\\.[A-Za-z0-9_+-]{1,30}){0,3}@${label}(?:\\.${label}){0,3}\\.[A-Za-z]{2,20}$`,
  hostname: `^${host}$`,
  ipv4: `^${byte}(?:\\.${byte}){3}$`,
  ipv6: `^${hex}{1,4}(?::${hex}{1,4}){7}$`,
  uuid: `^${hex}{8}-${hex}{4}-${hex}{4}-${hex}{4}-${hex}{12}$`,
  uri: `^https?://${host}(?::[1-9][0-9]{0,3})?(?:/[A-Za-z0-9._~-]{0,100}){0,10}(?:\\?[A-Za-z0-9._~=&-]{1,100})?$`,
};
