/** Offers one file over HTTP on loopback, as an artifact store would. */
import { createHash, randomBytes } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface ArtifactServer {
  readonly url: string;
  readonly sha256: string;
  close(): void;
}

export async function startArtifactServer(sizeBytes: number): Promise<ArtifactServer> {
  const artifact = randomBytes(sizeBytes);
  const server = createServer((_, response) => {
    response.writeHead(200, { 'content-type': 'application/octet-stream', 'content-length': artifact.byteLength });
    response.end(artifact);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/model.bin`,
    sha256: createHash('sha256').update(artifact).digest('hex'),
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}
