/**
 * The jobs data plane for devices: HTTPS with the device's own certificate, as AWS serves it on port 8443 (Developer
 * Guide, "Device communication protocols" and "Jobs device HTTP API"). What a certificate may do is said by the AWS IoT
 * policies attached to it, in actions `iotjobsdata:…` on the thing (Developer Guide, "Authorizing your devices to securely
 * use AWS IoT Jobs on the data plane").
 */
import type { X509Certificate } from 'node:crypto';
import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { createServer } from 'node:https';
import type { TLSSocket } from 'node:tls';
import type { Logger } from 'pino';
import type { JsonObject } from '../../agent/core/json.ts';
import { type DataOperationName, IOT_JOBS_DATA } from '../api-model/model.ts';
import { certificateVariables } from '../broker/certificate-variables.ts';
import type { Identity } from '../identity/certificates.ts';
import { certificateFingerprint } from '../identity/certificates.ts';
import { ControlError } from '../jobs-service/control-error.ts';
import type { PolicyVariables } from '../policy/evaluate-policy.ts';
import { evaluatePolicies, parsePolicyDocument } from '../policy/evaluate-policy.ts';
import type { Principal } from '../registry/principal-of.ts';
import { dataAction } from './action-resources.ts';
import type { ApiCall, ApiRequest } from './api-exchange.ts';
import { answerExchange, readCall, runCall } from './api-exchange.ts';
import type { HttpListener } from './http-listener.ts';
import { listenHttp } from './http-listener.ts';

export interface JobsDataTlsOptions {
  readonly host: string;
  /** 0 for any free one. */
  readonly port: number;
  readonly log: Logger;
  readonly server: Identity;
  /** The authority that clients are told of; a certificate of another one counts where it is registered. */
  readonly caPem: string;
  /** Who is behind a certificate, as `registry/principal-of.ts` says it. */
  principalOf(fingerprint: string, thingName?: string): Principal | undefined;
  /** @throws ControlError */
  data(operation: DataOperationName, input: JsonObject): JsonObject | Promise<JsonObject>;
}

export function startJobsDataTlsServer(options: JobsDataTlsOptions): Promise<HttpListener> {
  const { log, server, caPem } = options;
  const https = createServer({
    key: server.keyPem,
    cert: server.certPem,
    ca: caPem,
    requireHostHeader: false,
    requestCert: true,
    // TLS proves that the client has the key; whether its certificate counts is for the registry to say, because
    // RegisterCertificateWithoutCA takes those of any authority.
    rejectUnauthorized: false,
    minVersion: 'TLSv1.2',
  });
  https.on('tlsClientError', (err, socket) => {
    log.debug({ err }, 'TLS handshake failed');
    socket.destroy();
  });
  return listenHttp(https, options, {
    log,
    request: (request, response) =>
      answerExchange({ request, response, log }, (whole) => answer(options, request, whole)),
  });
}

function answer(options: JobsDataTlsOptions, request: IncomingMessage, whole: ApiRequest): Promise<JsonObject> {
  const certificate = (request.socket as TLSSocket).getPeerX509Certificate();
  if (!certificate) throw forbidden();
  if (!(Date.parse(certificate.validTo) > Date.now())) {
    throw new ControlError('CertificateValidationException', 'The certificate is invalid: it has expired');
  }
  const call = readCall(IOT_JOBS_DATA, whole);
  if (!mayCall(options, { certificate, sourceIp: whole.sourceIp, call })) throw forbidden();
  return runCall(IOT_JOBS_DATA, call, options.data);
}

function mayCall(
  options: JobsDataTlsOptions,
  asked: {
    readonly certificate: X509Certificate;
    readonly sourceIp: string | undefined;
    readonly call: ApiCall<DataOperationName>;
  },
): boolean {
  const { call, sourceIp } = asked;
  const thingName = String(call.input.thingName ?? '');
  const fingerprint = certificateFingerprint(asked.certificate.raw);
  const principal = options.principalOf(fingerprint, thingName);
  if (principal?.certificate.status !== 'ACTIVE') return false;
  const { action, resources, keys } = dataAction(call.operation, call.input);
  const documents = principal.policyDocuments.map(parsePolicyDocument);
  const variables = {
    ...keys,
    ...certificateVariables(asked.certificate, fingerprint),
    ...connectionVariables(principal, thingName),
    'aws:SourceIp': sourceIp,
  };
  return resources.every((resource) => evaluatePolicies(documents, { action, resource, variables }) === 'allowed');
}

/**
 * AWS says of the thing variables that they are there "when a device connects over MQTT". Here they also stand for the
 * thing of the path, where the certificate is attached to it: the policy of things made by `--thing` is one for all.
 */
function connectionVariables(principal: Principal, thingName: string): PolicyVariables {
  const isAttached = principal.things.includes(thingName);
  return {
    'iot:Connection.Thing.IsAttached': String(isAttached),
    'iot:Connection.Thing.ThingName': isAttached ? thingName : undefined,
  };
}

/** AWS IoT's body of it, which says no more. */
function forbidden(): ControlError {
  return new ControlError('ForbiddenException', 'Forbidden', { traceId: randomUUID() });
}
