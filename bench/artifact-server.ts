/** One file over HTTPS with ranges, as S3 gives it. A program of its own: whoever downloads must not share its processor. */
import { createReadStream, readFileSync, statSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { pipeline } from 'node:stream';
import { issueServerCertificate } from '../local-cloud/identity/certificates.ts';

const PIECE_BYTES = 1024 ** 2;

/** Prints its port on one line of stdout. @param dataDir of a `job-cloud`, whose CA the agent trusts. */
export async function runArtifactServer(dataDir: string, path: string, port = 0): Promise<void> {
  const authority = {
    certPem: readFileSync(`${dataDir}/ca.pem`, 'utf8'),
    keyPem: readFileSync(`${dataDir}/ca.key`, 'utf8'),
  };
  const { certPem: cert, keyPem: key } = await issueServerCertificate(authority, ['localhost', '127.0.0.1']);
  const server = createServer({ cert, key }, (request, response) => sendFile(path, request, response));
  server.listen(port, '127.0.0.1', () => process.stdout.write(`${(server.address() as AddressInfo).port}\n`));
}

function sendFile(path: string, { headers }: IncomingMessage, response: ServerResponse): void {
  const { size, ino, mtimeMs } = statSync(path);
  const etag = `"${ino}-${mtimeMs}"`;
  const start = headers['if-range'] === etag ? /^bytes=(\d+)-$/.exec(headers.range ?? '')?.[1] : undefined;
  const from = Number(start ?? 0);
  const range = start === undefined ? {} : { 'content-range': `bytes ${from}-${size - 1}/${size}` };
  response.writeHead(start === undefined ? 200 : 206, { etag, 'content-length': size - from, ...range });
  // A reader may hang up.
  pipeline(createReadStream(path, { start: from, highWaterMark: PIECE_BYTES }), response, () => undefined);
}
