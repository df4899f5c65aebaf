/** Every request may be followed by notifications under this identity. */
export interface Tracked {
  id: string;
}
