/** The operator's side over HTTP, in AWS's REST-JSON: what AWS's SDKs and command line speak. */
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Logger } from 'pino';
import type { JsonObject } from '../../agent/core/json.ts';
import { isJsonObject } from '../../agent/core/json.ts';
import { type ControlOperationName, IOT } from '../api-model/model.ts';
import { routeRequest } from '../api-model/route-request.ts';
import type { OperatorCredentials } from '../identity/data-folder.ts';
import { ControlError } from '../jobs-service/control-error.ts';
import { signedService, verifySignature } from './signature.ts';

/** A document of 32 KiB, escaped into a JSON string, with a hundred targets beside it, stays well below. */
const MAX_BODY_BYTES = 1024 * 1024;

export interface RestServerOptions {
  readonly host: string;
  /** 0 for any free one. */
  readonly port: number;
  readonly log: Logger;
  /** Requests must be signed with these; null takes any. */
  readonly credentials: OperatorCredentials | null;
  /**
   * Runs one operation of the control plane.
   * @throws ControlError
   */
  control(operation: ControlOperationName, input: JsonObject): JsonObject | Promise<JsonObject>;
  /**
   * Asked before anything else, signature and body included; true when it answers the request itself. For what is no
   * part of AWS's API, as the web console.
   */
  readonly extra?: (request: IncomingMessage, response: ServerResponse) => boolean;
}

export interface RestServer {
  readonly port: number;
  close(): Promise<void>;
}

export async function startRestServer(options: RestServerOptions): Promise<RestServer> {
  const server = createServer((request, response) => {
    serve(options, request, response).catch((err: unknown) => {
      options.log.error({ err }, 'answering an HTTP request failed');
      response.destroy();
    });
  });
  server.listen(options.port, options.host);
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    close: async () => {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

async function serve(options: RestServerOptions, request: IncomingMessage, response: ServerResponse): Promise<void> {
  if (options.extra?.(request, response)) return;
  const requestId = randomUUID();
  response.setHeader('x-amzn-RequestId', requestId);
  response.setHeader('content-type', 'application/json');
  try {
    const answer = await answerRequest(options, request);
    options.log.debug({ requestId, method: request.method, path: pathOf(request) }, 'request answered');
    response.end(JSON.stringify(answer));
  } catch (error) {
    const refusal = toControlError(error, options.log);
    options.log.debug(
      { requestId, method: request.method, path: pathOf(request), error: refusal.name },
      'request refused',
    );
    response.statusCode = refusal.httpStatus;
    response.setHeader('x-amzn-ErrorType', refusal.name);
    // The rest of a body that nobody will read.
    if (!request.complete) response.setHeader('connection', 'close');
    response.end(JSON.stringify({ message: refusal.message, ...refusal.members }));
  }
}

async function answerRequest(options: RestServerOptions, request: IncomingMessage): Promise<JsonObject> {
  const { method = '', url: target = '', headers } = request;
  const body = await readBody(request);
  if (options.credentials) verifySignature({ method, target, headers, body }, options.credentials, Date.now());
  if (signedService(headers) === 'iot-jobs-data') {
    // The same paths mean other operations there: answering them as the control plane's would mislead.
    throw new ControlError('UnknownOperationException', 'job-cloud does not serve iot-jobs-data over HTTP');
  }
  const url = parseUrl(target);
  const routed = url && routeRequest(IOT, { method, url, headers });
  if (!routed) {
    throw new ControlError('UnknownOperationException', `No operation has ${method} ${pathOf(request)}`);
  }
  const { bodyMembers } = routed;
  const members = Object.entries(bodyMembers.size > 0 ? parseBody(body) : {});
  const fromBody = Object.fromEntries(members.filter(([name]) => bodyMembers.has(name)));
  return options.control(routed.operation, { ...fromBody, ...routed.input });
}

async function readBody(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > MAX_BODY_BYTES) {
      throw new ControlError('RequestEntityTooLargeException', `The body is larger than ${MAX_BODY_BYTES} bytes`);
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** No body means no members: SDKs leave it out where all members are optional. */
function parseBody(body: Buffer): JsonObject {
  if (body.length === 0) return {};
  let parsed: unknown;
  try {
    parsed = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body));
  } catch {
    throw new ControlError('InvalidRequestException', 'The body is not valid UTF-8 encoded JSON');
  }
  if (!isJsonObject(parsed)) throw new ControlError('InvalidRequestException', 'The body is not a JSON object');
  return parsed;
}

function parseUrl(target: string): URL | null {
  const url = target.startsWith('/') ? `http://localhost${target}` : target;
  return URL.canParse(url) ? new URL(url) : null;
}

function pathOf(request: IncomingMessage): string {
  return (request.url ?? '').split('?')[0] ?? '';
}

function toControlError(error: unknown, log: Logger): ControlError {
  if (error instanceof ControlError) return error;
  log.error({ err: error }, 'a request met a fault of ours');
  return new ControlError('InternalFailureException', 'An internal failure occurred');
}
