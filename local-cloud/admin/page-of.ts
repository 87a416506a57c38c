/** Lists by page: what a table of the console shows at once. */
import { ControlError } from '../jobs-service/control-error.ts';

/** As many as AWS gives at most in its lists of jobs and executions. */
const MAX_PAGE_SIZE = 250;
const DEFAULT_PAGE_SIZE = 50;

export interface PageRequest {
  /** How many come before. */
  readonly offset: number;
  readonly pageSize: number;
}

export interface Page<Item> {
  readonly items: readonly Item[];
  /** Of the whole list, as it is filtered. */
  readonly total: number;
  readonly offset: number;
}

/** `offset` and `pageSize` of a query. @throws ControlError InvalidRequestException */
export function readPageRequest(query: URLSearchParams): PageRequest {
  return {
    offset: readCount(query, 'offset', { fallback: 0, max: Number.MAX_SAFE_INTEGER }),
    pageSize: Math.max(1, readCount(query, 'pageSize', { fallback: DEFAULT_PAGE_SIZE, max: MAX_PAGE_SIZE })),
  };
}

export function pageOf<Source, Item>(
  list: readonly Source[],
  { offset, pageSize }: PageRequest,
  show: (source: Source) => Item,
): Page<Item> {
  return { items: list.slice(offset, offset + pageSize).map(show), total: list.length, offset };
}

function readCount(query: URLSearchParams, name: string, { fallback, max }: { fallback: number; max: number }): number {
  const text = query.get(name);
  if (text === null) return fallback;
  const count = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
  if (count <= max) return count;
  throw new ControlError('InvalidRequestException', `${name}: a number from 0 to ${max} was expected`);
}
