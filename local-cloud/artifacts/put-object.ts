/** PutObject. The bucket must be there: making one is making a folder. */
import { createHash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { ObjectExchange } from './get-object.ts';
import type { ObjectStore } from './object-store.ts';
import { S3Error } from './s3-error.ts';

export interface PutOptions {
  readonly store: ObjectStore;
  readonly maxUploadBytes: number;
}

/** @throws S3Error; the object that was there before is there still then */
export async function putObject(
  { store, maxUploadBytes }: PutOptions,
  { name, request, response }: ObjectExchange,
): Promise<void> {
  const length = announcedLength(request);
  if (name.versionId !== undefined)
    throw new S3Error('InvalidArgument', 'This operation does not accept a version-id.');
  if (length > maxUploadBytes) {
    const message = 'Your proposed upload exceeds the maximum allowed size';
    throw new S3Error('EntityTooLarge', message, {
      ProposedSize: String(length),
      MaxSizeAllowed: String(maxUploadBytes),
    });
  }
  const { etag } = await store.put(name, checkedBody(request, length));
  response.setHeader('etag', etag);
  response.end();
}

/** S3 wants it, too: "You must provide the Content-Length HTTP header." */
function announcedLength({ headers }: IncomingMessage): number {
  const length = headers['content-length'];
  if (length !== undefined && /^\d{1,15}$/.test(length)) return Number(length);
  throw new S3Error('MissingContentLength', 'You must provide the Content-Length HTTP header.');
}

/** The body's chunks. Ends with an error when it is not the one that was announced, so that nothing is put in place. */
async function* checkedBody(request: IncomingMessage, length: number): AsyncGenerator<Uint8Array> {
  const expected = announcedMd5(request);
  const hash = createHash('md5');
  let received = 0;
  try {
    for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
      received += chunk.length;
      if (expected) hash.update(chunk);
      yield chunk;
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ECONNRESET') throw error;
  }
  if (received !== length) throw new S3Error('IncompleteBody', 'The connection ended before the announced length');
  if (expected && !hash.digest().equals(expected)) {
    throw new S3Error('BadDigest', 'The Content-MD5 you specified did not match what we received.');
  }
}

function announcedMd5({ headers }: IncomingMessage): Buffer | undefined {
  const text = headers['content-md5'];
  if (text === undefined) return undefined;
  const digest = typeof text === 'string' ? Buffer.from(text, 'base64') : Buffer.alloc(0);
  if (digest.length === 16) return digest;
  throw new S3Error('InvalidDigest', 'The Content-MD5 you specified was invalid.');
}
