/** GetObject and HeadObject. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { pipeline } from 'node:stream/promises';
import { parseByteRange } from './byte-range.ts';
import { evaluateConditions, rangeStillHolds } from './conditional-request.ts';
import type { ObjectName, ObjectStore, OpenObject } from './object-store.ts';
import { S3Error } from './s3-error.ts';

export interface ObjectExchange {
  readonly name: ObjectName;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
}

/** @throws S3Error; nothing was answered then */
export async function getObject(store: ObjectStore, { name, request, response }: ObjectExchange): Promise<void> {
  const object = await store.open(name);
  try {
    response.setHeader('etag', object.etag);
    response.setHeader('last-modified', object.lastModified.toUTCString());
    response.setHeader('accept-ranges', 'bytes');
    response.setHeader('content-type', 'binary/octet-stream');
    if (name.versionId !== undefined) response.setHeader('x-amz-version-id', encodeURIComponent(name.versionId));
    const condition = evaluateConditions(request.headers, object);
    if (condition === 'failed') {
      throw new S3Error('PreconditionFailed', 'At least one of the pre-conditions you specified did not hold');
    }
    if (condition === 'notModified') {
      response.statusCode = 304;
      response.end();
      return;
    }
    await send(object, request, response);
  } finally {
    await object.file.close();
  }
}

async function send(object: OpenObject, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { size } = object;
  const { range: wanted } = request.headers;
  const range = rangeStillHolds(request.headers['if-range'], object) ? parseByteRange(wanted, size) : undefined;
  if (range === 'unsatisfiable') {
    throw new S3Error('InvalidRange', 'The requested range is not satisfiable', {
      RangeRequested: wanted ?? '',
      ActualObjectSize: String(size),
    });
  }
  const { start, end } = range ?? { start: 0, end: size - 1 };
  const length = end - start + 1;
  response.statusCode = range ? 206 : 200;
  response.setHeader('content-length', length);
  if (range) response.setHeader('content-range', `bytes ${start}-${end}/${size}`);
  if (request.method === 'HEAD' || length === 0) {
    response.end();
    return;
  }
  await pipeline(exactly(object, start, length), response).catch((error: unknown) => {
    // A client that hangs up, as one does that had enough, is no fault.
    if ((error as NodeJS.ErrnoException).code !== 'ERR_STREAM_PREMATURE_CLOSE') throw error;
  });
}

/** A file that shrinks meanwhile ends the connection: the client would wait for bytes that never come. */
async function* exactly(object: OpenObject, start: number, length: number): AsyncGenerator<Buffer> {
  const stream = object.file.createReadStream({ start, end: start + length - 1, autoClose: false });
  let sent = 0;
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    sent += chunk.length;
    yield chunk;
  }
  if (sent < length) throw new Error(`the file ended ${length - sent} bytes early`);
}
