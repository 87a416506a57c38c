/** Tools that fetch their bundle themselves, from a real HTTPS server. RAUC of Debian is built without streaming: it takes a copy. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, onTestFinished, test, vi } from 'vitest';
import { createFirmwareHandler } from '../../handlers/firmware/handler.ts';
import { type CertificateAuthority, createCertificateAuthority } from '../fixtures/certificates.ts';
import { startFileServer } from '../fixtures/file-server.ts';
import { usePrograms } from '../fixtures/programs-on-path.ts';
import { createRecordingContext } from '../fixtures/recording-context.ts';
import { createScratchMender, hasMender } from '../fixtures/scratch-mender.ts';
import { createScratchRauc, hasRauc } from '../fixtures/scratch-rauc.ts';

const SECRET = 'X-Amz-Signature=0123abcd';
let folder: string;
let authority: CertificateAuthority;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'firmware-url-'));
  authority = await createCertificateAuthority('an authority of a test');
  await writeFile(join(folder, 'trusted.pem'), authority.caPem);
  await writeFile(join(folder, 'cmdline'), 'root=/dev/a\n');
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(folder, { recursive: true, force: true });
});

const TOOLS = [
  {
    tool: 'rauc' as const,
    isThere: hasRauc,
    async bundle() {
      const rauc = await createScratchRauc(folder, await usePrograms(folder), join(folder, 'trusted.pem'));
      onTestFinished(rauc.close);
      return rauc.bundle('2.0');
    },
  },
  {
    tool: 'mender' as const,
    isThere: hasMender,
    async bundle() {
      const mender = await createScratchMender(folder, await usePrograms(folder), join(folder, 'trusted.pem'));
      return mender.artifact('release-2', 'two-systems');
    },
  },
].filter(({ isThere }) => isThere);

test.each(TOOLS)('$tool fetches it, and no message tells the query of the URL', { timeout: 120_000 }, async (of) => {
  const content = await readFile(await of.bundle());
  const name = { commonName: 'localhost', usage: 'server' as const, ipAddresses: ['127.0.0.1'] };
  const server = await startFileServer(
    (request, response) => {
      response.statusCode = request.url?.startsWith('/none') ? 403 : 200;
      response.setHeader('content-length', response.statusCode === 403 ? 0 : content.length);
      response.end(response.statusCode === 403 ? '' : content);
    },
    await authority.issue(name),
  );
  onTestFinished(server.close);
  const install = (url: string) => {
    const { context } = createRecordingContext({ workDir: folder });
    return createFirmwareHandler(join(folder, 'cmdline')).run(context, { tool: of.tool, url });
  };
  const refused = await install(`${server.origin}/none?${SECRET}`);
  expect(refused).toMatchObject({ reasonCode: 'FIRMWARE_NOT_INSTALLED' });
  expect(JSON.stringify(refused)).toContain(`${server.origin}/none?…`);
  expect(JSON.stringify(refused)).not.toContain(SECRET);
  expect(await install(`${server.origin}/bundle?${SECRET}`)).toMatchObject({ kind: 'reboot' });
  expect(server.requests.map(({ url }) => url)).toContain(`/bundle?${SECRET}`);
});

test.each(TOOLS)('$tool takes nothing from a server that it does not trust', { timeout: 120_000 }, async (of) => {
  await of.bundle();
  const stranger = await createCertificateAuthority('a stranger');
  const name = { commonName: 'localhost', usage: 'server' as const, ipAddresses: ['127.0.0.1'] };
  const server = await startFileServer((_, response) => void response.end('nothing'), await stranger.issue(name));
  onTestFinished(server.close);
  const { context } = createRecordingContext({ workDir: folder });
  const url = `${server.origin}/bundle?${SECRET}`;
  const result = await createFirmwareHandler(join(folder, 'cmdline')).run(context, { tool: of.tool, url });
  expect(result).toMatchObject({ reasonCode: 'FIRMWARE_NOT_INSTALLED', message: expect.stringMatching(/certificate/) });
  expect(JSON.stringify(result)).not.toContain(SECRET);
  expect(server.requests).toEqual([]);
});
