/**
 * Words of the passages. One or two tokens each (after a space) in the embedded base's vocabulary: binding a name to
 * its fact is the task, spelling long words is not.
 */
export const NAMES =
  'Anna Clara Emma Mary Alice Lily Ruth Nora Ben Jack Sam Tom Max Ian Ken Ray Rose Dan Mia Tina Kate Eve Mark Ted'.split(
    ' ',
  );
export const PLACES =
  'school home city bar mill port sea ship base office park hall market station forest barn farm field house court town camp cave store shop bank lake tent yard road room boat train hill'.split(
    ' ',
  );
export const OBJECTS =
  'book ball box coin tree stick sign plant key cup lamp coat map pen hat ring stone rope flute knife letter card flower bag bell brush sword shell chair table'.split(
    ' ',
  );
export const JOBS =
  'cook farmer writer singer judge guard king president secretary actor poet officer reader worker student teacher doctor pilot baker painter'.split(
    ' ',
  );
export const COLORS = 'red white yellow blue green black brown gray orange pink gold'.split(' ');
export const MONTHS = 'March May June July'.split(' ');
export const VEHICLES = 'bus ship train boat'.split(' ');
export const EVENTS = 'bus ship train boat show play school market class meeting call race'.split(' ');
export const FOODS = 'bread milk soup tea cake corn rice fish salt water'.split(' ');

/** `a book`, `an office` */
export const withArticle = (noun: string) => `${/^[aeiou]/.test(noun) ? 'an' : 'a'} ${noun}`;
