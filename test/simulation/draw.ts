/** Everything a world leaves to chance, from one seed. */
import { createRandom, type Random } from '../power/random.ts';

export interface Draw extends Random {
  chance(probability: number): boolean;
  /** A whole number, both ends included. */
  between(least: number, most: number): number;
  /** As `between`, but each power of ten as likely as the others: seconds and days in one range. */
  spread(least: number, most: number): number;
  /** One of the names, each as often as its weight says. */
  weighted<Name extends string>(weights: Readonly<Record<Name, number>>): Name;
  /** Another stream: what is drawn here does not move what is drawn there. */
  fork(name: string): Draw;
}

export function createDraw(seed: number): Draw {
  const random = createRandom(seed);
  return {
    ...random,
    chance: (probability) => random.next() < probability,
    between: (least, most) => least + random.below(most - least + 1),
    spread: (least, most) => Math.round(least * (most / least) ** random.next()),
    weighted: (weights) => pickWeighted(weights, random.next()),
    fork: (name) => createDraw(mix(seed, name)),
  };
}

/** The seed of something that has a name, of a world that has a seed. */
export function mix(seed: number, name: string): number {
  let mixed = seed | 0;
  for (const character of name) {
    mixed = Math.imul(mixed ^ (character.codePointAt(0) ?? 0), 0x9e3779b1);
    mixed ^= mixed >>> 15;
  }
  return mixed >>> 0;
}

function pickWeighted<Name extends string>(weights: Readonly<Record<Name, number>>, at: number): Name {
  const entries = Object.entries(weights) as [Name, number][];
  let left = at * entries.reduce((sum, [, weight]) => sum + weight, 0);
  for (const [name, weight] of entries) {
    left -= weight;
    if (left < 0) return name;
  }
  const [last] = entries.at(-1) ?? [];
  if (last === undefined) throw new Error('nothing to draw from');
  return last;
}
