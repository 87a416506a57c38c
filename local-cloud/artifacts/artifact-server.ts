/**
 * The artifact store over HTTPS, in the place of Amazon S3: path-style URLs (`https://host:port/BUCKET/KEY`), pre-signed.
 * GetObject and HeadObject with ranges and conditions, PutObject; nothing else of S3. Large objects are streamed.
 */
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { Logger } from 'pino';
import type { Identity } from '../identity/certificates.ts';
import type { OperatorCredentials } from '../identity/data-folder.ts';
import type { Presign } from '../substitution/delivered-document.ts';
import { getObject } from './get-object.ts';
import type { ObjectName, ObjectStore } from './object-store.ts';
import { presignUrl, verifyPresigned } from './presigned-url.ts';
import { putObject } from './put-object.ts';
import { errorXml, S3Error } from './s3-error.ts';

/** S3 User Guide, "Uploading objects": "a single PUT operation [...] up to 5 GB". */
const MAX_UPLOAD_BYTES = 5 * 1024 ** 3;
/** Without a byte in either direction. A slow link may take as long as it needs. */
const IDLE_MS = 120_000;

export interface ArtifactServerOptions {
  readonly host: string;
  /** 0 for any free one. */
  readonly port: number;
  /** Of `host` and of `localhost`. */
  readonly server: Identity;
  readonly store: ObjectStore;
  /** Sign URLs, and are what they are checked by. */
  readonly credentials: OperatorCredentials;
  readonly log: Logger;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** Largest object that PUT takes; 5 GiB unless given, as S3. */
  readonly maxUploadBytes?: number;
}

export interface ArtifactServer {
  readonly port: number;
  /** `https://host:port`, as pre-signed URLs begin. */
  readonly url: string;
  readonly presign: Presign;
  close(): Promise<void>;
}

export async function startArtifactServer(options: ArtifactServerOptions): Promise<ArtifactServer> {
  const { server: identity, credentials } = options;
  const server = createServer({ cert: identity.certPem, key: identity.keyPem, minVersion: 'TLSv1.2' });
  server.on('request', (request, response) => {
    serve(options, request, response).catch((err: unknown) => {
      options.log.error({ err }, 'answering a request for an artifact failed');
      response.destroy();
    });
  });
  server.requestTimeout = 0;
  server.setTimeout(IDLE_MS);
  server.listen(options.port, options.host);
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const url = `https://${urlHost(options.host)}:${port}`;
  return {
    port,
    url,
    presign: ({ method, bucket, key, versionId, expiresInSec, nowMs }) =>
      presignUrl(
        {
          method,
          origin: url,
          path: `/${bucket}/${key}`,
          ...(versionId !== undefined && { query: { versionId } }),
          expiresInSec,
          nowMs,
        },
        credentials,
      ),
    close: async () => {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

/** What the certificate names, and the agent's configuration too. */
function urlHost(host: string): string {
  if (['127.0.0.1', '::1', '0.0.0.0', '::'].includes(host)) return 'localhost';
  return host.includes(':') ? `[${host}]` : host;
}

async function serve(
  options: ArtifactServerOptions,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const requestId = randomUUID();
  response.setHeader('x-amz-request-id', requestId);
  response.setHeader('server', 'job-cloud');
  const { method = '' } = request;
  try {
    const name = authorize(options, request);
    if (method === 'PUT')
      await putObject(
        { ...options, maxUploadBytes: options.maxUploadBytes ?? MAX_UPLOAD_BYTES },
        { name, request, response },
      );
    else await getObject(options.store, { name, request, response });
    options.log.debug(
      { requestId, method, bucket: name.bucket, status: response.statusCode },
      'artifact request answered',
    );
  } catch (error) {
    refuse(response, request, { refusal: toS3Error(error, options.log), requestId });
  }
}

/** Nobody who has no URL learns what is there. @throws S3Error */
function authorize(options: ArtifactServerOptions, request: IncomingMessage): ObjectName {
  const { method = '', url: target = '', headers } = request;
  const at = target.indexOf('?');
  const path = decode(at === -1 ? target : target.slice(0, at));
  const query = at === -1 ? [] : readQuery(target.slice(at + 1));
  verifyPresigned({ method, path, query, headers }, options.credentials, options.now());
  if (!['GET', 'HEAD', 'PUT'].includes(method)) {
    const message = 'The specified method is not allowed against this resource.';
    throw new S3Error('MethodNotAllowed', message, { Method: method });
  }
  const [, bucket = '', key = ''] = /^\/([^/]*)\/?(.*)$/s.exec(path) ?? [];
  if (key === '') throw new S3Error('NotImplemented', 'job-cloud serves objects, and nothing of buckets');
  return { bucket, key, versionId: query.find(([member]) => member === 'versionId')?.[1] };
}

function readQuery(text: string): (readonly [string, string])[] {
  return text
    .split('&')
    .filter((pair) => pair !== '')
    .map((pair) => {
      const at = pair.indexOf('=');
      return at === -1 ? [decode(pair), ''] : [decode(pair.slice(0, at)), decode(pair.slice(at + 1))];
    });
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new S3Error('InvalidURI', "Couldn't parse the specified URI.");
  }
}

function refuse(
  response: ServerResponse,
  request: IncomingMessage,
  { refusal, requestId }: { readonly refusal: S3Error; readonly requestId: string },
): void {
  if (response.headersSent) {
    response.destroy();
    return;
  }
  for (const name of ['content-length', 'content-range', 'etag', 'last-modified']) response.removeHeader(name);
  response.statusCode = refusal.httpStatus;
  response.setHeader('content-type', 'application/xml');
  if (refusal.code === 'InvalidRange') {
    response.setHeader('content-range', `bytes */${refusal.elements.ActualObjectSize}`);
  }
  // The rest of a body that nobody will read.
  if (!request.complete) response.setHeader('connection', 'close');
  response.end(request.method === 'HEAD' ? undefined : errorXml(refusal, requestId));
}

function toS3Error(error: unknown, log: Logger): S3Error {
  if (error instanceof S3Error) return error;
  log.error({ err: error }, 'a request for an artifact met a fault of ours');
  return new S3Error('InternalError', 'We encountered an internal error. Please try again.');
}
