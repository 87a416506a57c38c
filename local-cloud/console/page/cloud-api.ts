/** The admin API, as far as the console uses it. */

export interface Page<Item> {
  readonly items: readonly Item[];
  readonly total: number;
  readonly offset: number;
}

export interface ShownThing {
  readonly thingName: string;
  readonly thingArn: string;
  readonly connected: boolean;
  readonly queued: number;
  readonly inProgress: number;
}

export interface ShownJob {
  readonly jobId: string;
  readonly status: string;
  readonly targetSelection: string;
  /** The first ones. */
  readonly targets: readonly string[];
  readonly targetCount: number;
  readonly description?: string;
  readonly createdAtMs: number;
  readonly lastUpdatedAtMs: number;
  readonly completedAtMs?: number;
  readonly forceCanceled?: boolean;
  readonly comment?: string;
  readonly reasonCode?: string;
  readonly executionCounts: Readonly<Record<string, number>>;
}

export interface ShownExecution {
  readonly jobId: string;
  readonly thingName: string;
  readonly executionNumber: number;
  readonly status: string;
  readonly statusDetails: Readonly<Record<string, string>>;
  readonly forceCanceled: boolean;
  readonly versionNumber: number;
  readonly queuedAtMs: number;
  readonly startedAtMs?: number;
  readonly lastUpdatedAtMs: number;
  readonly timesOutAtMs?: number;
  readonly history?: readonly ShownChange[];
}

export interface ShownChange {
  readonly atMs: number;
  readonly status: string;
  readonly versionNumber: number;
  readonly statusDetails: Readonly<Record<string, string>>;
  readonly by: string;
}

export interface ShownCloud {
  readonly region: string;
  readonly accountId: string;
  readonly clock: ShownClock;
}

export interface ShownClock {
  readonly nowMs: number;
  readonly offsetMs: number;
}

/** A refusal, with AWS's name for it; `ConnectionLost` where nothing answered. */
export class ApiError extends Error {
  override readonly name: string;
  readonly httpStatus: number;
  constructor(name: string, message: string, httpStatus: number) {
    super(message);
    this.name = name;
    this.httpStatus = httpStatus;
  }
}

export interface CloudApi {
  /** `path` under /admin/v1/, its names encoded. @throws ApiError */
  get<Answer>(path: string): Promise<Answer>;
  /** @throws ApiError */
  send<Answer>(method: 'POST' | 'PUT' | 'DELETE', path: string, body?: object): Promise<Answer>;
  /** An operation of AWS's control plane. @throws ApiError */
  call<Answer>(operation: string, input: object): Promise<Answer>;
  /** The stream of events. @throws ApiError */
  events(signal: AbortSignal): Promise<ReadableStream<Uint8Array>>;
}

const ROOT = '/admin/v1/';

export function createCloudApi(token: string): CloudApi {
  const request = async (method: string, path: string, init: RequestInit): Promise<Response> => {
    const headers = { ...init.headers, authorization: `Bearer ${token}` };
    let response: Response;
    try {
      response = await fetch(`${ROOT}${path}`, { ...init, method, headers, cache: 'no-store' });
    } catch (cause) {
      if (init.signal?.aborted) throw cause;
      throw new ApiError('ConnectionLost', 'job-cloud does not answer', 0);
    }
    if (response.ok) return response;
    throw await refusalOf(response);
  };
  const send: CloudApi['send'] = async (method, path, body) => {
    const headers = { 'content-type': 'application/json' };
    const response = await request(method, path, body === undefined ? {} : { headers, body: JSON.stringify(body) });
    return await response.json();
  };
  return {
    get: async (path) => await (await request('GET', path, {})).json(),
    send,
    call: (operation, input) => send('POST', `call/${encodeURIComponent(operation)}`, input),
    events: async (signal) => {
      const { body } = await request('GET', 'events', { signal });
      if (!body) throw new ApiError('ConnectionLost', 'The stream of events is empty', 0);
      return body;
    },
  };
}

async function refusalOf(response: Response): Promise<ApiError> {
  const name = response.headers.get('x-amzn-errortype') ?? `HTTP ${response.status}`;
  const text = await response.text();
  try {
    const { message } = JSON.parse(text) as { message?: unknown };
    return new ApiError(name, typeof message === 'string' ? message : text, response.status);
  } catch {
    return new ApiError(name, text || response.statusText, response.status);
  }
}

/** A refusal in one sentence, for a person. */
export function explain(error: unknown): string {
  if (error instanceof ApiError)
    return error.httpStatus === 0 ? `${error.message}.` : `${error.name}: ${error.message}`;
  return error instanceof Error ? error.message : String(error);
}

/** Query of a path; empty values are left out. */
export function queryOf(values: Readonly<Record<string, string | number | null | undefined>>): string {
  const given = Object.entries(values).flatMap(([name, value]): [string, string][] =>
    value === '' || value === null || value === undefined ? [] : [[name, String(value)]],
  );
  return given.length === 0 ? '' : `?${new URLSearchParams(given)}`;
}
