/**
 * AWS's REST API on one port: the control plane (`iot`), which operators call, and the jobs data plane (`iot-jobs-data`),
 * which a device without MQTT calls. Their paths collide; the service that a request was signed for tells them apart, as
 * host names do at AWS.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { Logger } from 'pino';
import type { JsonObject } from '../../agent/core/json.ts';
import { type ControlOperationName, type DataOperationName, IOT, IOT_JOBS_DATA } from '../api-model/model.ts';
import type { KeyPair } from '../identity/key-pairs.ts';
import { controlAction, dataAction } from './action-resources.ts';
import type { ApiRequest } from './api-exchange.ts';
import { answerExchange, readCall, runCall } from './api-exchange.ts';
import type { HttpListener } from './http-listener.ts';
import { listenHttp } from './http-listener.ts';
import type { IamPolicies } from './iam-policies.ts';
import { authorize } from './iam-policies.ts';
import { signedService, verifySignature } from './signature.ts';

export interface RestServerOptions {
  readonly host: string;
  /** 0 for any free one. */
  readonly port: number;
  readonly log: Logger;
  /** Requests must be signed with one of these; null takes any. */
  readonly keyPairs: readonly KeyPair[] | null;
  /** What they may do; everything unless given. */
  readonly policies?: IamPolicies | undefined;
  /**
   * Runs one operation of the control plane.
   * @throws ControlError
   */
  control(operation: ControlOperationName, input: JsonObject): JsonObject | Promise<JsonObject>;
  /**
   * Runs one operation of the jobs data plane.
   * @throws ControlError
   */
  data(operation: DataOperationName, input: JsonObject): JsonObject | Promise<JsonObject>;
  /**
   * Asked before anything else, signature and body included; true when it answers the request itself. For what is no
   * part of AWS's API, as the web console.
   */
  readonly extra?: (request: IncomingMessage, response: ServerResponse) => boolean;
}

export function startRestServer(options: RestServerOptions): Promise<HttpListener> {
  const { log } = options;
  return listenHttp(createServer({ requireHostHeader: false }), options, {
    log,
    request: async (request, response) => {
      if (options.extra?.(request, response)) return;
      await answerExchange({ request, response, log }, (whole) => answer(options, whole));
    },
  });
}

async function answer(options: RestServerOptions, request: ApiRequest): Promise<JsonObject> {
  const { keyPairs, policies } = options;
  const keyPair = keyPairs && verifySignature(request, keyPairs, Date.now());
  const caller = keyPair && { keyPair, sourceIp: request.sourceIp };
  if (isForDataPlane(request)) {
    const call = readCall(IOT_JOBS_DATA, request);
    if (caller) authorize(policies, caller, dataAction(call.operation, call.input));
    return runCall(IOT_JOBS_DATA, call, options.data);
  }
  const call = readCall(IOT, request);
  if (caller) authorize(policies, caller, controlAction(call.operation, call.input));
  return runCall(IOT, call, options.control);
}

/** By the signature's scope; by the host, `data.jobs.iot.REGION.amazonaws.com` or `PREFIX.jobs.iot.…`, where there is none. */
function isForDataPlane({ headers }: ApiRequest): boolean {
  const service = signedService(headers);
  if (service !== undefined) return service === 'iot-jobs-data';
  return /^[a-z0-9-]+\.jobs\.iot\./i.test(headers.host ?? '');
}
