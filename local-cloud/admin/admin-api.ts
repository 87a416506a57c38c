/**
 * The admin API: what a person does to the cloud itself, beside AWS's API. `/admin/v1/…` on the REST port, JSON in and out,
 * refusals as those of the control plane; and the files of the web console that uses it, under `/console`.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Logger } from 'pino';
import { serveConsole } from '../console/serve-console.ts';
import { ControlError } from '../jobs-service/control-error.ts';
import { InvalidMember } from '../jobs-service/validation.ts';
import { parseBody, readBody } from '../rest/json-body.ts';
import type { AdminCloud } from './admin-cloud.ts';
import { ADMIN_ROUTES, namesIn } from './admin-routes.ts';
import { createEventHub, type EventHub, type EventHubOptions } from './event-hub.ts';
import { type GuardOptions, requireKnownHost, requireOperator } from './request-guard.ts';

const PREFIX = '/admin/v1/';

export interface AdminApiOptions extends GuardOptions {
  readonly log: Logger;
  readonly cloud: AdminCloud;
  readonly events?: EventHubOptions;
}

export interface AdminApi {
  /** True when the request is for this API or for the console, and so is answered here. */
  handle(request: IncomingMessage, response: ServerResponse): boolean;
  close(): void;
}

export function createAdminApi(options: AdminApiOptions): AdminApi {
  const { log, cloud } = options;
  const hub = createEventHub(options.events);
  const stopListening = publishChanges(cloud, hub);
  return {
    handle: (request, response) => {
      const { pathname, searchParams } = targetOf(request);
      const isConsole = pathname === '/console' || pathname.startsWith('/console/');
      if (!isConsole && !pathname.startsWith('/admin/')) return false;
      const answered = isConsole
        ? answerConsole(request, response, { options, pathname })
        : answerAdmin(request, response, { options, hub, pathname, query: searchParams });
      answered.catch((error: unknown) => refuse(error, { request, response, log }));
      return true;
    },
    close: () => {
      stopListening();
      hub.close();
    },
  };
}

async function answerConsole(
  request: IncomingMessage,
  response: ServerResponse,
  { options, pathname }: { options: AdminApiOptions; pathname: string },
): Promise<void> {
  requireKnownHost(request, options);
  serveConsole(request, response, pathname);
}

interface AdminTarget {
  readonly options: AdminApiOptions;
  readonly hub: EventHub;
  readonly pathname: string;
  readonly query: URLSearchParams;
}

async function answerAdmin(request: IncomingMessage, response: ServerResponse, target: AdminTarget): Promise<void> {
  const { options, hub, pathname, query } = target;
  requireKnownHost(request, options);
  requireOperator(request, options);
  const segments = pathname.startsWith(PREFIX) ? decodeSegments(pathname.slice(PREFIX.length)) : [];
  if (request.method === 'GET' && segments.join('/') === 'events') return hub.open(response);
  for (const route of ADMIN_ROUTES) {
    const names = route.method === request.method ? namesIn(route, segments) : null;
    if (!names) continue;
    const body = parseBody(await readBody(request));
    const answer = await route.answer(options.cloud, { names, query, body });
    const isChange = route.method !== 'GET';
    if (isChange && route.path === 'faults') hub.publish({ type: 'faults' });
    if (isChange && route.path === 'things') hub.publish({ type: 'operation', operation: 'CreateThing' });
    response.setHeader('content-type', 'application/json');
    response.setHeader('cache-control', 'no-store');
    response.end(JSON.stringify(answer));
    return;
  }
  throw new ControlError('UnknownOperationException', `The admin API has no ${request.method} ${pathname}`);
}

/** What reading operations are called: nobody needs to hear of them. */
const READING = /^(?:Describe|Get|List)/;

function publishChanges(cloud: AdminCloud, hub: EventHub): () => void {
  return cloud.listen({
    executionChanged: ({ thing, job, executionNumber, status, versionNumber }) =>
      hub.publish({
        type: 'execution',
        thingName: thing.thingName,
        jobId: job.jobId,
        executionNumber,
        status,
        versionNumber,
      }),
    connectionChanged: (thingName, connected) => hub.publish({ type: 'connection', thingName, connected }),
    operationDone: (operation) => {
      if (!READING.test(operation)) hub.publish({ type: 'operation', operation });
    },
    clockTurned: () => hub.publish({ type: 'clock' }),
  });
}

function refuse(error: unknown, exchange: { request: IncomingMessage; response: ServerResponse; log: Logger }): void {
  const { request, response, log } = exchange;
  if (response.headersSent || response.destroyed) {
    response.destroy();
    return;
  }
  const refusal = toControlError(error, log);
  response.statusCode = refusal.httpStatus;
  response.setHeader('content-type', 'application/json');
  response.setHeader('cache-control', 'no-store');
  response.setHeader('x-amzn-ErrorType', refusal.name);
  // The rest of a body that nobody will read.
  if (!request.complete) response.setHeader('connection', 'close');
  response.end(JSON.stringify({ message: refusal.message, ...refusal.members }));
}

function toControlError(error: unknown, log: Logger): ControlError {
  if (error instanceof ControlError) return error;
  if (error instanceof InvalidMember) return new ControlError('InvalidRequestException', error.message);
  log.error({ err: error }, 'an admin request met a fault of ours');
  return new ControlError('InternalFailureException', 'An internal failure occurred');
}

/** @throws ControlError */
function decodeSegments(path: string): readonly string[] {
  try {
    return path.split('/').map(decodeURIComponent);
  } catch {
    throw new ControlError('InvalidRequestException', 'The path is not percent-encoded UTF-8');
  }
}

/** A request line may hold anything; what is no URL is none of ours. */
function targetOf({ url = '' }: IncomingMessage): Pick<URL, 'pathname' | 'searchParams'> {
  const absolute = `http://localhost${url}`;
  if (url.startsWith('/') && URL.canParse(absolute)) return new URL(absolute);
  return { pathname: '', searchParams: new URLSearchParams() };
}
