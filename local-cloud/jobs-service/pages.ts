/** Lists in pages: newest first, because AWS documents no order. The token is the place of the last one given. */
import type { JsonObject } from '../../agent/core/json.ts';
import { ControlError } from './control-error.ts';
import { optionalInteger, presentMember } from './validation.ts';

/** API reference, LaserMaxResults: 1 to 250; also what comes when nobody asks. */
const MAX_PAGE_SIZE = 250;

export interface Page<Item> {
  readonly items: readonly Item[];
  /** Absent on the last page. */
  readonly nextToken: { readonly nextToken?: string };
}

/** @throws ControlError for a token that is none of ours. */
export function pageOf<Item extends { readonly sequence: number }>(all: Iterable<Item>, input: JsonObject): Page<Item> {
  const before = readToken(input);
  const size = optionalInteger(input, 'maxResults') ?? MAX_PAGE_SIZE;
  const found = [...all].filter(({ sequence }) => sequence < before).sort((a, b) => b.sequence - a.sequence);
  const items = found.slice(0, size);
  const last = items.at(-1);
  return { items, nextToken: last && found.length > size ? { nextToken: String(last.sequence) } : {} };
}

function readToken(input: JsonObject): number {
  const token = presentMember(input, 'nextToken');
  if (token === undefined) return Infinity;
  if (typeof token !== 'string' || !/^\d{1,15}$/.test(token)) {
    throw new ControlError('InvalidRequestException', 'nextToken is not one that this service gave out');
  }
  return Number(token);
}
