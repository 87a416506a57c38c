/**
 * Lists in pages. A token holds the sort key of the last item given, so nothing is given twice or left out when items are
 * made or deleted between two pages.
 */
import type { JsonObject } from '../../agent/core/json.ts';
import { ControlError } from '../jobs-service/control-error.ts';

/** The most that AWS's models allow (RegistryMaxResults, PageSize, LaserMaxResults), and what is given where none is asked. */
const MAX_PAGE_SIZE = 250;

export interface Paging<Item> {
  /** What the items are sorted by; different for each. */
  readonly keyOf: (item: Item) => string;
  /** Biggest key first. */
  readonly descending?: boolean;
  /** Where the input names no size. */
  readonly pageSize?: number;
  /** Names of the members in this operation: `nextToken` with `maxResults`, or `marker` with `pageSize`. */
  readonly members?: 'nextToken' | 'marker';
}

export interface Page<Item> {
  readonly items: readonly Item[];
  /** `nextToken` or `nextMarker`, or nothing on the last page. */
  readonly next: JsonObject;
}

/** @throws ControlError when the token is not one of ours. */
export function pageOf<Item>(items: Iterable<Item>, input: JsonObject, paging: Paging<Item>): Page<Item> {
  const { keyOf, descending = false, members = 'nextToken' } = paging;
  const isMarker = members === 'marker';
  const size = (isMarker ? input.pageSize : input.maxResults) ?? paging.pageSize ?? MAX_PAGE_SIZE;
  const direction = descending ? -1 : 1;
  const after = readToken(input[members], members);
  const sorted = [...items]
    .map((item) => ({ item, key: keyOf(item) }))
    .filter(({ key }) => after === undefined || compare(key, after) * direction > 0)
    .sort((a, b) => compare(a.key, b.key) * direction);
  const page = sorted.slice(0, Number(size));
  const last = page.at(-1);
  const token = last && sorted.length > page.length ? Buffer.from(last.key).toString('base64') : undefined;
  return {
    items: page.map(({ item }) => item),
    next: token === undefined ? {} : { [isMarker ? 'nextMarker' : 'nextToken']: token },
  };
}

/** Sorts by time of making; the name parts what was made at the same moment. */
export function creationKey(createdAtMs: number, name: string): string {
  return `${String(Math.floor(createdAtMs)).padStart(16, '0')}/${name}`;
}

function readToken(token: unknown, member: string): string | undefined {
  if (token === undefined) return undefined;
  if (typeof token === 'string' && /^[A-Za-z0-9+/]+={0,2}$/.test(token)) {
    const key = Buffer.from(token, 'base64').toString('utf8');
    if (Buffer.from(key).toString('base64') === token) return key;
  }
  throw new ControlError('InvalidRequestException', `${member} is not one that this service gave out`);
}

/** By code units: the same on every machine. */
function compare(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
