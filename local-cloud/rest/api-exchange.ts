/** One HTTP request of AWS's REST-JSON protocol and its answer, in the headers and bodies that AWS's SDKs read. */
import { randomUUID } from 'node:crypto';
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import type { Logger } from 'pino';
import type { JsonObject } from '../../agent/core/json.ts';
import type { ApiModel } from '../api-model/model.ts';
import { routeRequest } from '../api-model/route-request.ts';
import { ConnectionDropped } from '../faults/faulty-rest.ts';
import { ControlError } from '../jobs-service/control-error.ts';
import { parseBody, readBody } from './json-body.ts';

/** A request with its whole body, as it came. */
export interface ApiRequest {
  readonly method: string;
  /** Path and query, not decoded. */
  readonly target: string;
  readonly headers: IncomingHttpHeaders;
  /** Each header's values one by one, names in lower case. */
  readonly headerLines: Readonly<Record<string, readonly string[] | undefined>>;
  readonly body: Uint8Array;
  /** The client's address; undefined once it is gone. */
  readonly sourceIp: string | undefined;
}

/** Which operation is meant, with its members from path, query, headers and body; not checked. */
export interface ApiCall<Name extends string> {
  readonly operation: Name;
  readonly input: JsonObject;
}

/**
 * Answers one request. Never throws and always answers: a ControlError with its status and name, anything else with
 * InternalFailureException. Only ConnectionDropped breaks the connection instead.
 */
export async function answerExchange(
  exchange: { readonly request: IncomingMessage; readonly response: ServerResponse; readonly log: Logger },
  answer: (request: ApiRequest) => JsonObject | Promise<JsonObject>,
): Promise<void> {
  const { request, response, log } = exchange;
  const requestId = randomUUID();
  const facts = { requestId, method: request.method, path: pathOf(request.url ?? '') };
  response.setHeader('x-amzn-RequestId', requestId);
  response.setHeader('content-type', 'application/json');
  try {
    const body = JSON.stringify(await answer(await readWhole(request)));
    log.debug(facts, 'request answered');
    response.end(body);
  } catch (error) {
    if (error instanceof ConnectionDropped) return error.drop(response.socket);
    const refusal = toControlError(error, log);
    log.debug({ ...facts, error: refusal.name }, 'request refused');
    response.statusCode = refusal.httpStatus;
    response.setHeader('x-amzn-ErrorType', refusal.name);
    // The rest of a body that nobody will read.
    if (!request.complete) response.setHeader('connection', 'close');
    response.end(JSON.stringify({ message: refusal.message, ...refusal.members }));
  }
}

/** @throws ControlError when no operation has this request line, or the body is no JSON object. */
export function readCall<Name extends string>(model: ApiModel<Name>, request: ApiRequest): ApiCall<Name> {
  const { method, target, headers, body } = request;
  const url = parseUrl(target);
  const routed = url && routeRequest(model, { method, url, headers });
  if (!routed) throw new ControlError('UnknownOperationException', `No operation has ${method} ${pathOf(target)}`);
  const { operation, bodyMembers } = routed;
  const members = Object.entries(bodyMembers.size > 0 ? parseBody(body) : {});
  const fromBody = Object.fromEntries(members.filter(([name]) => bodyMembers.has(name)));
  return { operation, input: { ...fromBody, ...routed.input } };
}

/**
 * Runs one operation. An exception goes out with the status that the service's model gives it: ThrottlingException is 400
 * on the control plane and 429 on the device's.
 * @throws ControlError
 */
export async function runCall<Name extends string>(
  model: ApiModel<Name>,
  call: ApiCall<Name>,
  run: (operation: Name, input: JsonObject) => JsonObject | Promise<JsonObject>,
): Promise<JsonObject> {
  try {
    return await run(call.operation, call.input);
  } catch (error) {
    if (!(error instanceof ControlError)) throw error;
    const { errors } = model.operations[call.operation];
    const status = Object.hasOwn(errors, error.name) ? errors[error.name] : undefined;
    throw status === undefined ? error : new ControlError(error.name, error.message, error.members, status);
  }
}

async function readWhole(request: IncomingMessage): Promise<ApiRequest> {
  const { method = '', url: target = '', headers, headersDistinct: headerLines } = request;
  // RFC 9112, 3.2: "A server MUST respond with a 400". Node's own check would answer in Node's form.
  if (headers.host === undefined && request.httpVersion === '1.1') {
    throw new ControlError('InvalidRequestException', 'The request has no Host header');
  }
  if ((headerLines.host?.length ?? 0) > 1) {
    throw new ControlError('InvalidRequestException', 'The request has more than one Host header');
  }
  const sourceIp = request.socket.remoteAddress;
  return { method, target, headers, headerLines, sourceIp, body: await readBody(request) };
}

function parseUrl(target: string): URL | null {
  const url = target.startsWith('/') ? `http://localhost${target}` : target;
  return URL.canParse(url) ? new URL(url) : null;
}

function pathOf(target: string): string {
  return target.split('?')[0] ?? '';
}

function toControlError(error: unknown, log: Logger): ControlError {
  if (error instanceof ControlError) return error;
  log.error({ err: error }, 'a request met a fault of ours');
  return new ControlError('InternalFailureException', 'An internal failure occurred');
}
