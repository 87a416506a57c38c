/** What lies on the gateway and on the file server for the jobs: handlers, an archive, a file that is signed. */
import { execFile } from 'node:child_process';
import { createHash, generateKeyPairSync, randomBytes, sign } from 'node:crypto';
import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';

/** Counts up with a checkpoint at each number, and waits for ever at the third the first time. */
const COUNT = `
import { succeeded, Type } from 'iot-job-agent/handler-api';
export default {
  operation: 'count', kind: 'module', onInterrupted: 'resume', apiVersion: 3,
  summary: 'Counts.',
  parameters: Type.Object({ to: Type.Integer({ maximum: 1000 }), wait: Type.Optional(Type.Boolean()) }, { additionalProperties: false }),
  async run({ restored, checkpoint, progress, attempt }, { to, wait }) {
    const first = restored ?? 0;
    for (let n = first + 1; n <= to; n++) {
      await checkpoint(n);
      progress({ n, pid: process.pid });
      if (wait && attempt === 1 && n === 3) await new Promise((resolve) => setTimeout(resolve, 600_000));
    }
    return succeeded({ first, attempt, arch: process.arch });
  },
};
`;

/** Its parameters come on stdin; it tells by its status file. */
const MEASURE = `#!/bin/sh
read -r parameters
echo "parameters=$parameters" >> "$JOB_STATUS_FILE"
echo "machine=$(uname -m)" >> "$JOB_STATUS_FILE"
echo "user=$(id -un)" >> "$JOB_STATUS_FILE"
`;

/** Deaf to TERM; so is its child, which has left the group and the session, and the child's own one. */
const STUBBORN = `#!/bin/sh
trap '' TERM
setsid sh -c 'sleep 300 & echo "pids=$$ $!" >> "$JOB_STATUS_FILE"; wait' &
echo "own=$$" >> "$JOB_STATUS_FILE"
sleep 300
wait
`;

export const CONTENT_BYTES = 300_000;

export interface GatewayFiles {
  readonly origin: string;
  readonly sha256: string;
  readonly signature: string;
  /** For the setting `artifactKeys`. */
  readonly artifactKeys: string;
  close(): void;
}

export async function installHandlers(handlersDir: string): Promise<void> {
  await mkdir(handlersDir, { recursive: true, mode: 0o755 });
  await chmod(handlersDir, 0o755);
  await writeFile(join(handlersDir, 'count.mjs'), COUNT, { mode: 0o644 });
  for (const [name, script] of Object.entries({ measure: MEASURE, stubborn: STUBBORN })) {
    await writeFile(join(handlersDir, name), script, { mode: 0o755 });
  }
}

/** @param folder a scratch folder. */
export async function serveFiles(folder: string): Promise<GatewayFiles> {
  const content = randomBytes(CONTENT_BYTES);
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const archive = await packArchive(folder);
  const server = createServer((request, response) => {
    const body = { '/firmware.bin': content, '/app.tar.gz': archive }[request.url ?? ''];
    response.writeHead(body === undefined ? 404 : 200, { 'content-length': body?.length ?? 0, etag: '"1"' }).end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    sha256: createHash('sha256').update(content).digest('hex'),
    signature: sign('sha256', content, privateKey).toString('base64'),
    artifactKeys: [`release=${publicKey.export({ type: 'spki', format: 'der' }).toString('base64')}`].join(','),
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}

async function packArchive(folder: string): Promise<Buffer> {
  const source = join(folder, 'packed');
  await mkdir(join(source, 'app', 'bin'), { recursive: true });
  await writeFile(join(source, 'app', 'bin', 'start'), '#!/bin/sh\necho started\n', { mode: 0o755 });
  const file = join(folder, 'app.tar.gz');
  await promisify(execFile)('tar', ['-czf', file, '-C', source, 'app']);
  return readFile(file);
}
