/** Which operation a request line means, by AWS's model. */
import type { JsonObject } from '../../agent/core/json.ts';
import type { ApiModel, MemberShape } from './model.ts';

export interface RequestLine {
  readonly method: string;
  readonly url: URL;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
}

export interface RoutedRequest<Name extends string> {
  readonly operation: Name;
  /** Members from path, query and headers; not checked. */
  readonly input: JsonObject;
  /** Members that are read from the body, and from nowhere else. */
  readonly bodyMembers: ReadonlySet<string>;
}

/** Null for a request line that no operation has. Segments are decoded first: SDKs send `:` as `%3A`. */
export function routeRequest<Name extends string>(
  model: ApiModel<Name>,
  request: RequestLine,
): RoutedRequest<Name> | null {
  const segments = decodeSegments(request.url.pathname);
  if (!segments) return null;
  for (const route of routesOf(model)) {
    const labels = route.method === request.method ? matchPath(route.segments, segments) : null;
    if (!labels) continue;
    const input: [string, string | string[]][] = [];
    const bodyMembers = new Set<string>();
    for (const [name, member] of Object.entries(route.members)) {
      if (member.location === undefined) bodyMembers.add(name);
      const value = memberValue(member, { name, labels, request, isList: route.lists.has(name) });
      if (value !== undefined) input.push([name, value]);
    }
    return { operation: route.operation, input: Object.fromEntries(input), bodyMembers };
  }
  return null;
}

interface Route<Name> {
  readonly operation: Name;
  readonly method: string;
  readonly segments: readonly string[];
  readonly members: Readonly<Record<string, MemberShape>>;
  /** Members that are lists: a query may name them more than once. */
  readonly lists: ReadonlySet<string>;
}

const routes = new WeakMap<object, readonly Route<string>[]>();

/** Those with fewer labels first: `/thing-groups/addThingToThingGroup` is no group's name. */
function routesOf<Name extends string>(model: ApiModel<Name>): readonly Route<Name>[] {
  const known = routes.get(model) as readonly Route<Name>[] | undefined;
  if (known) return known;
  const made = (Object.keys(model.operations) as Name[]).map((operation): Route<Name> => {
    const { method, path, input } = model.operations[operation];
    const members = (input === undefined ? undefined : model.shapes[input]?.members) ?? {};
    const lists = Object.entries(members).flatMap(([name, member]) =>
      model.shapes[member.shape]?.type === 'list' ? [name] : [],
    );
    return { operation, method, segments: path.split('/').slice(1), members, lists: new Set(lists) };
  });
  made.sort((a, b) => labelsIn(a.segments) - labelsIn(b.segments));
  routes.set(model, made);
  return made;
}

function labelsIn(segments: readonly string[]): number {
  return segments.filter((segment) => segment.startsWith('{')).length;
}

function memberValue(
  member: MemberShape,
  from: {
    readonly name: string;
    readonly labels: ReadonlyMap<string, string>;
    readonly request: RequestLine;
    readonly isList: boolean;
  },
): string | string[] | undefined {
  const name = member.locationName ?? from.name;
  const { request, labels } = from;
  if (member.location === 'uri') return labels.get(name);
  if (member.location === 'header') {
    const value = request.headers[name.toLowerCase()];
    return typeof value === 'string' ? value : undefined;
  }
  if (member.location !== 'querystring') return undefined;
  const values = request.url.searchParams.getAll(name);
  if (values.length === 0) return undefined;
  return from.isList ? values : values[0];
}

function decodeSegments(pathname: string): string[] | null {
  try {
    return pathname.split('/').slice(1).map(decodeURIComponent);
  } catch {
    return null;
  }
}

function matchPath(wanted: readonly string[], segments: readonly string[]): ReadonlyMap<string, string> | null {
  if (wanted.length !== segments.length) return null;
  const labels = new Map<string, string>();
  for (const [index, part] of wanted.entries()) {
    const segment = segments[index] ?? '';
    if (part.startsWith('{')) labels.set(part.slice(1, -1), segment);
    else if (part !== segment) return null;
  }
  return labels;
}
