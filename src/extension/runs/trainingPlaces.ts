import type { Memento } from 'vscode';
import type { TrainingPlace } from '../../protocol/trainingPlace.ts';
import { parsePlace } from '../../text/trainingPlace.ts';

/** The machines on which this user has trained, the last one first. A workspace names none: its data go there. */
export interface TrainingPlaces {
  all(): TrainingPlace[];
  keep(place: TrainingPlace): Promise<void>;
  forget(place: TrainingPlace): Promise<void>;
}

const rememberedKey = 'trainingPlaces';
/** Places that are remembered. */
const most = 10;

export function createTrainingPlaces(memory: Memento): TrainingPlaces {
  // What an older version kept may be no place to this one.
  const all = () => memory.get<TrainingPlace[]>(rememberedKey, []).filter(({ place }) => parsePlace(place));
  const others = ({ place }: TrainingPlace) => all().filter(each => each.place !== place);
  const write = async (places: TrainingPlace[]) => memory.update(rememberedKey, places.slice(0, most));
  return {
    all,
    keep: place => write([place, ...others(place)]),
    forget: place => write(others(place)),
  };
}
