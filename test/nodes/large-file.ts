/** A file of more bytes than 31 bits can count, there and back: downloaded, looked at, and uploaded again. */
import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Gateway } from './gateway.ts';
import { succeededWith } from './machine-jobs.ts';
import type { Tell } from './tell.ts';

const BYTES = 2 ** 31 + 4096;
/** One piece after the other, each with its number at the beginning, so that a piece at the wrong place is another file. */
const PIECE_BYTES = 2 ** 20;

export async function checkLargeFile(gateway: Gateway, folder: string, tell: Tell): Promise<void> {
  const server = await serveLargeFile();
  try {
    const { sha256, origin } = server;
    const path = join(folder, 'large');
    await gateway.control.createJob('large-file', {
      steps: [
        { operation: 'download-file', parameters: { url: `${origin}/large`, path, sha256, sizeBytes: BYTES } },
        { operation: 'upload-file', parameters: { url: `${origin}/large`, path, maxBytes: BYTES } },
        { operation: 'run-command', parameters: { command: ['rm', path] } },
      ],
    });
    const wrong = succeededWith(await gateway.over('large-file'), { bytes: String(BYTES), sha256 });
    const back = server.received();
    if (back !== sha256) tell(false, 'the large file came back', [`with ${back ?? 'nothing'}`]);
    tell(wrong.length === 0, `job large-file, ${BYTES} bytes`, wrong);
  } finally {
    server.close();
  }
}

function* pieces(): Generator<Buffer> {
  for (let at = 0; at < BYTES; at += PIECE_BYTES) {
    const piece = Buffer.alloc(Math.min(PIECE_BYTES, BYTES - at));
    piece.writeDoubleLE(at);
    yield piece;
  }
}

interface LargeFileServer {
  readonly origin: string;
  readonly sha256: string;
  /** SHA-256 of what was put here; undefined before. */
  received(): string | undefined;
  close(): void;
}

async function serveLargeFile(): Promise<LargeFileServer> {
  const hash = createHash('sha256');
  for (const piece of pieces()) hash.update(piece);
  let received: string | undefined;
  const server = createServer(async (request, response) => {
    if (request.method === 'PUT') {
      received = await hashOf(request);
      response.end();
    } else await send(response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    sha256: hash.digest('hex'),
    received: () => received,
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}

async function hashOf(request: IncomingMessage): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of request) hash.update(chunk as Buffer);
  return hash.digest('hex');
}

/** Who is gone before the end has what it wanted. */
async function send(response: ServerResponse): Promise<void> {
  response.writeHead(200, { 'content-length': BYTES, etag: '"1"' });
  await pipeline(Readable.from(pieces()), response).catch(() => undefined);
}
