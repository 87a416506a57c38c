/** Which operation of AWS's `iot` service a request line means (API reference: each operation's Request Syntax). */
import type { JsonObject } from '../../agent/core/json.ts';
import type { ControlOperationName } from '../jobs-service/control-operations.ts';

interface Route {
  readonly method: string;
  /** `{name}` stands for one segment and names the member it becomes. */
  readonly path: string;
  readonly operation: ControlOperationName;
  readonly query: readonly string[];
  /** Members of the body that the operation reads. */
  readonly hasBody: boolean;
}

const ROUTES: readonly Route[] = [
  { method: 'PUT', path: '/jobs/{jobId}', operation: 'CreateJob', query: [], hasBody: true },
  { method: 'GET', path: '/jobs/{jobId}', operation: 'DescribeJob', query: [], hasBody: false },
  { method: 'GET', path: '/jobs/{jobId}/job-document', operation: 'GetJobDocument', query: [], hasBody: false },
  { method: 'PUT', path: '/jobs/{jobId}/cancel', operation: 'CancelJob', query: ['force'], hasBody: true },
  {
    method: 'GET',
    path: '/things/{thingName}/jobs',
    operation: 'ListJobExecutionsForThing',
    query: ['status', 'namespaceId', 'maxResults', 'nextToken', 'jobId'],
    hasBody: false,
  },
  {
    method: 'GET',
    path: '/things/{thingName}/jobs/{jobId}',
    operation: 'DescribeJobExecution',
    query: ['executionNumber'],
    hasBody: false,
  },
  {
    method: 'PUT',
    path: '/things/{thingName}/jobs/{jobId}/cancel',
    operation: 'CancelJobExecution',
    query: ['force'],
    hasBody: true,
  },
];

export interface RoutedRequest {
  readonly operation: ControlOperationName;
  /** Members from path and query; the body's are added by the caller. */
  readonly input: JsonObject;
  readonly hasBody: boolean;
  /** Members that count in the query alone: AWS does not read them from a body. */
  readonly query: readonly string[];
}

/** Null for a request line that no operation has. Segments are decoded first: SDKs send `:` as `%3A`. */
export function routeRequest(method: string, url: URL): RoutedRequest | null {
  const segments = decodeSegments(url.pathname);
  if (!segments) return null;
  for (const route of ROUTES) {
    if (route.method !== method) continue;
    const fromPath = matchPath(route.path, segments);
    if (!fromPath) continue;
    const fromQuery = route.query.flatMap((name) => {
      const value = url.searchParams.get(name);
      return value === null ? [] : [[name, value] as const];
    });
    const input = { ...Object.fromEntries(fromQuery), ...fromPath };
    return { operation: route.operation, input, hasBody: route.hasBody, query: route.query };
  }
  return null;
}

function decodeSegments(pathname: string): string[] | null {
  try {
    return pathname.split('/').slice(1).map(decodeURIComponent);
  } catch {
    return null;
  }
}

function matchPath(path: string, segments: readonly string[]): Record<string, string> | null {
  const wanted = path.split('/').slice(1);
  if (wanted.length !== segments.length) return null;
  const members: Record<string, string> = {};
  for (const [index, part] of wanted.entries()) {
    const segment = segments[index] ?? '';
    if (part.startsWith('{')) members[part.slice(1, -1)] = segment;
    else if (part !== segment) return null;
  }
  return members;
}
