/** Chance that a seed brings back: one stream of numbers for each name. */

/** Gives the next number of the stream, from 0 to below 1. */
export type SeededStream = () => number;

/** The same seed and name give the same numbers. Mulberry32, started from FNV-1a over both: good enough to play fate. */
export function seededStream(seed: number, name: string): SeededStream {
  let state = hash(`${seed}\n${name}`);
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

function hash(text: string): number {
  let value = 0x811c9dc5;
  for (let at = 0; at < text.length; at++) value = Math.imul(value ^ text.charCodeAt(at), 0x01000193);
  return value >>> 0;
}
