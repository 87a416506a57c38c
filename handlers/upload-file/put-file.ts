/** One PUT of a file, and what of the answer matters. */
import { createHash } from 'node:crypto';
import { type ClientRequest, request as httpRequest, type IncomingMessage, STATUS_CODES } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { pipeline } from 'node:stream/promises';
import { type FileServerFacts, fileProblem, fileServerOptions } from '../../agent/handler-api.ts';
import type { UploadSource } from './open-source.ts';
import { toConnectionError, UploadError } from './upload-error.ts';

export interface PutOptions {
  readonly contentType: string | undefined;
  readonly facts: FileServerFacts;
  readonly signal: AbortSignal;
  /** Longest time without a byte either way. */
  readonly stallMs: number;
  readonly onSent: (bytes: number) => void;
}

/**
 * Holds a piece of the file at a time. Redirects are not followed: a signature is for one host.
 * @returns the SHA-256 of what was sent. @throws UploadError
 */
export async function putFile(url: string, source: UploadSource, options: PutOptions): Promise<string> {
  const { hostname, origin, pathname, protocol } = new URL(url);
  const { facts, signal, stallMs, contentType } = options;
  const place = `${origin}${pathname}`; // without the query: a pre-signed URL carries its right to write there
  const send = protocol === 'https:' ? httpsRequest : httpRequest;
  const connection = await fileServerOptions(new URL(url), facts, { signal, stallMs }).catch((error: unknown) => {
    throw toConnectionError(error);
  });
  const request = send(url, {
    ...connection,
    method: 'PUT',
    headers: {
      'content-length': source.bytes,
      'user-agent': 'iot-job-agent',
      ...(contentType === undefined ? {} : { 'content-type': contentType }),
    },
  });
  request.on('timeout', () => {
    const message = `${hostname} took and sent nothing for ${stallMs / 1000} s`;
    request.destroy(new UploadError('UPLOAD_STALLED', message, { isPassing: true }));
  });
  const pieces = createPieces();
  // Reading or answering byte by byte a server is never silent for long.
  const pieceMs = PIECE_STALLS * stallMs;
  const late = setTimeout(() => {
    const message = `${hostname} took less than ${PIECE_BYTES} bytes in ${pieceMs / 1000} s, or did not finish its answer`;
    request.destroy(new UploadError('UPLOAD_STALLED', message, { isPassing: true }));
  }, pieceMs);
  const answered = answerOf(request, place);
  try {
    // A server may refuse before it has read all: then the answer counts, and not that the rest could not be sent.
    const onSent = (bytes: number) => {
      late.refresh();
      options.onSent(bytes);
    };
    const sending = pipeline(pieces.read(source, onSent), request);
    const failing = sending.then(
      () => answered,
      (error) => Promise.race([answered, laterRejection(error)]),
    );
    const response = await Promise.race([answered, failing]);
    const body = await readStart(response);
    const { statusCode = 0 } = response;
    if (statusCode < 200 || statusCode > 299) throw statusError(place, statusCode, body);
    await sending;
    return pieces.sha256();
  } catch (error) {
    throw toConnectionError(pieces.trouble ?? error);
  } finally {
    clearTimeout(late);
    request.destroy();
  }
}

function answerOf(request: ClientRequest, place: string): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    request.on('response', resolve);
    request.on('upgrade', (response, socket) => {
      socket.destroy();
      reject(statusError(place, response.statusCode ?? 0, ''));
    });
    request.on('error', reject);
    request.on('close', () => {
      const message = `${place} closed the connection without an answer`;
      reject(new UploadError('UPLOAD_CONNECTION', message, { isPassing: true }));
    });
  });
}

/** A moment for an answer that is already on the way. */
function laterRejection(error: unknown): Promise<never> {
  return new Promise((_, reject) => {
    setTimeout(() => reject(error as Error), 500);
  });
}

const PIECE_BYTES = 64 * 1024;
/** For a piece to be taken: 1 KiB a minute, which is what 2G takes a second for. */
const PIECE_STALLS = 64;

/** The file's own trouble is kept: the connection, which breaks for it, would be blamed. */
function createPieces() {
  const hash = createHash('sha256');
  let trouble: UploadError | undefined;
  return {
    get trouble() {
      return trouble;
    },
    sha256: () => hash.digest('hex'),
    async *read({ path, file, bytes }: UploadSource, onSent: (bytes: number) => void): AsyncGenerator<Buffer> {
      for (let sent = 0; sent < bytes; onSent(sent)) {
        const buffer = Buffer.allocUnsafe(Math.min(PIECE_BYTES, bytes - sent));
        const { bytesRead } = await file.read(buffer, 0, buffer.length, sent).catch(async (error) => {
          trouble = new UploadError('UPLOAD_FILE_UNREADABLE', await fileProblem(error, path, 'read'), { cause: error });
          throw trouble;
        });
        if (bytesRead === 0) {
          trouble = new UploadError('UPLOAD_FILE_UNREADABLE', `${path} became shorter: it ended after ${sent} bytes`);
          throw trouble;
        }
        const piece = buffer.subarray(0, bytesRead);
        hash.update(piece);
        yield piece;
        sent += bytesRead;
      }
    },
  };
}

const MAX_BODY_LENGTH = 4096;

async function readStart(response: IncomingMessage): Promise<string> {
  let text = '';
  response.setEncoding('utf8');
  try {
    for await (const piece of response as AsyncIterable<string>) {
      text += piece;
      if (text.length >= MAX_BODY_LENGTH) break;
    }
  } catch {
    // The status is known, and that is what counts.
  }
  return text;
}

/** S3 says why in `<Code>`, such as AccessDenied, ExpiredToken, SignatureDoesNotMatch (S3 API Reference, Error responses). */
function statusError(place: string, status: number, body: string): UploadError {
  const words = [status, STATUS_CODES[status]].filter((word) => word !== undefined).join(' ');
  const [, reason] = /<Code>([A-Za-z]{1,64})<\/Code>/.exec(body) ?? [];
  const message = `${place} answered ${words}${reason === undefined ? '' : ` (${reason})`}`;
  if (status === 403) return new UploadError('UPLOAD_DENIED', `${message}; a pre-signed URL may have expired`);
  // RFC 9110, 15.5.9, 15.6; RFC 6585, 4
  return new UploadError('UPLOAD_HTTP_STATUS', message, {
    isPassing: status >= 500 || status === 429 || status === 408,
  });
}
