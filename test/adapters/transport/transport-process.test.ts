import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { TransportOptions } from '../../../agent/ports/transport.ts';
import { startAedesBroker } from '../../fixtures/mqtt-brokers/aedes-broker.ts';
import { createTestPki, optionsFor, type TestPki } from '../../fixtures/mqtt-brokers/test-pki.ts';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
const REQUIRE = "import { createRequire } from 'node:module';\nconst require = createRequire(import.meta.url);";

let dir: string;
let pki: TestPki;

// Bundled as the product is: the packages inside, aws-crt outside. `installed` sees the packages of this checkout,
// `alone` sees none.
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'transport-'));
  pki = await createTestPki();
  for (const place of ['installed', 'alone', 'without-binary']) {
    await build({
      entryPoints: [join(ROOT, 'test/fixtures/transport-probe.ts')],
      outfile: join(dir, place, 'probe.mjs'),
      bundle: true,
      platform: 'node',
      format: 'esm',
      external: ['aws-iot-device-sdk-v2'],
      banner: { js: REQUIRE },
    });
  }
  await symlink(join(ROOT, 'node_modules'), join(dir, 'installed/node_modules'));
  await installWithoutBinary(join(dir, 'without-binary/node_modules/aws-iot-device-sdk-v2'));
});

afterAll(() => rm(dir, { recursive: true }));

/** A package that fails to load as aws-crt does where it has no binary for the processor. */
async function installWithoutBinary(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'package.json'), '{"name":"aws-iot-device-sdk-v2","main":"index.js"}');
  await writeFile(join(folder, 'index.js'), "throw new Error('AWS CRT binary not present')");
}

interface Probe {
  /** What it printed until it ended by itself. */
  readonly output: Promise<string>;
  said(text: string): Promise<void>;
}

interface ProbeRun {
  readonly place: 'installed' | 'alone' | 'without-binary';
  readonly adapter: string;
  readonly options: TransportOptions;
  readonly afterwards: 'close' | 'wait';
  readonly env?: Readonly<Record<string, string>>;
}

async function startProbe({ place, adapter, options, afterwards, env = {} }: ProbeRun): Promise<Probe> {
  const optionsPath = join(dir, `${adapter}-${options.port}.json`);
  await writeFile(optionsPath, JSON.stringify(options));
  const child = spawn(process.execPath, [join(dir, place, 'probe.mjs'), adapter, optionsPath, afterwards], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, ...env },
  });
  const endWithUs = () => child.kill('SIGKILL'); // where it does not end, the test has failed and is gone
  process.once('exit', endWithUs);
  child.once('exit', () => process.off('exit', endWithUs));
  let text = '';
  child.stdout.on('data', (chunk: Buffer) => {
    text += chunk.toString();
  });
  return {
    output: once(child, 'close').then(([code]) => `${text}exit ${code}`),
    said: async (wanted) => {
      while (!text.includes(wanted)) await once(child.stdout, 'data');
    },
  };
}

for (const adapter of ['mqtt', 'aws-crt']) {
  test(`a process ends after ${adapter} closed`, async () => {
    const broker = await startAedesBroker({ server: pki.server, clientCaPem: pki.caPem });
    const probe = await startProbe({
      place: 'installed',
      adapter,
      options: optionsFor(pki, broker.port),
      afterwards: 'close',
    });
    expect(await probe.output).toBe('connected\nCLOSED_BY_US\nexit 0');
    await broker.stop();
  });

  test(`${adapter} never connects again by itself`, async () => {
    const broker = await startAedesBroker({ server: pki.server, clientCaPem: pki.caPem });
    const probe = await startProbe({
      place: 'installed',
      adapter,
      options: optionsFor(pki, broker.port),
      afterwards: 'wait',
    });
    await probe.said('connected');
    await broker.closeClient('gateway');
    expect(await probe.output).toBe('connected\nCLOSED_BY_BROKER\nexit 0');
    expect(broker.connected).toEqual(['gateway']);
    await broker.stop();
  });

  test(`${adapter} trusts no CA but ours, not even without one`, async () => {
    const broker = await startAedesBroker({ server: pki.server, clientCaPem: pki.caPem });
    const systemCa = join(dir, 'system-ca.pem');
    await writeFile(systemCa, pki.caPem);
    for (const caPem of ['', pki.otherCaPem]) {
      const options = { ...optionsFor(pki, broker.port), caPem };
      const env = { NODE_EXTRA_CA_CERTS: systemCa, SSL_CERT_FILE: systemCa };
      const probe = await startProbe({ place: 'installed', adapter, options, afterwards: 'close', env });
      expect(await probe.output).toMatch(/^TLS_SERVER_UNTRUSTED /);
    }
    await broker.stop();
  });
}

for (const place of ['alone', 'without-binary'] as const) {
  test(`aws-crt ${place} is TRANSPORT_UNAVAILABLE with a way out`, async () => {
    const probe = await startProbe({ place, adapter: 'aws-crt', options: optionsFor(pki, 1), afterwards: 'wait' });
    const output = await probe.output;
    expect(output).toMatch(/^TRANSPORT_UNAVAILABLE .*npm install aws-iot-device-sdk-v2.*set "transport" to "mqtt"/);
    expect(output).toContain('exit 0');
  });
}
