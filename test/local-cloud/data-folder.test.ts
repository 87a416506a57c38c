import { X509Certificate } from 'node:crypto';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { issueServerCertificate } from '../../local-cloud/identity/certificates.ts';
import { openDataFolder } from '../../local-cloud/identity/data-folder.ts';
import { connectThing, startTestCloud } from '../fixtures/job-cloud.ts';

test('keys, credentials and work folders are private', async () => {
  const cloud = await startTestCloud();
  const thing = thingFolder(cloud);
  const modes = await Promise.all(
    [
      cloud.credentialsPath,
      join(cloud.dataDir, 'ca.key'),
      join(thing, 'private.key'),
      join(thing, 'state'),
      join(thing, 'run'),
      join(thing, 'handlers'),
    ].map(async (path) => ((await stat(path)).mode & 0o777).toString(8)),
  );
  expect(modes).toEqual(['600', '600', '600', '700', '700', '700']);
});

test("a thing's certificate is its own, signed by the CA", async () => {
  const cloud = await startTestCloud();
  const ca = new X509Certificate(await readFile(cloud.caPath));
  const certificate = new X509Certificate(await readFile(join(thingFolder(cloud), 'certificate.pem')));
  expect(ca.ca).toBe(true);
  expect(certificate.ca).toBe(false);
  expect(certificate.subject).toBe('CN=gw-1');
  expect(certificate.checkIssued(ca) && certificate.verify(ca.publicKey)).toBe(true);
  expect(certificate.publicKey.asymmetricKeyDetails).toEqual({ namedCurve: 'prime256v1' });
  expect(certificate.keyUsage).toEqual(['1.3.6.1.5.5.7.3.2']);
  expect(await readFile(join(thingFolder(cloud), 'private.key'), 'utf8')).toMatch(/^-----BEGIN PRIVATE KEY-----\n/);
});

test('the server certificate names every local name', async () => {
  const cloud = await startTestCloud();
  const { authority } = await openDataFolder(cloud.dataDir);
  const { certPem } = await issueServerCertificate(authority, ['localhost', '127.0.0.1', '::1']);
  const certificate = new X509Certificate(certPem);
  expect(certificate.checkHost('localhost')).toBe('localhost');
  expect(certificate.checkIP('127.0.0.1')).toBe('127.0.0.1');
  expect(certificate.checkIP('::1')).toBe('::1');
  expect(certificate.checkHost('example.com')).toBeUndefined();
});

test("the agent's configuration names what is there", async () => {
  const cloud = await startTestCloud();
  expect(await readConfig(cloud)).toEqual({
    thingName: 'gw-1',
    endpoint: 'localhost',
    port: cloud.mqttPort,
    certPath: 'certificate.pem',
    keyPath: 'private.key',
    caPath: 'ca.pem',
    downloadCaPath: 'ca.pem',
    localDownloadHosts: ['localhost', '127.0.0.1'],
    stateDir: 'state',
    runtimeDir: 'run',
    handlersDir: 'handlers',
    rebootCommand: ['sh', '-c', expect.stringMatching(/^echo '[^']+ restart [^']+' >&2; exit 1$/)],
    shutdownCommand: ['sh', '-c', expect.stringMatching(/^echo '[^']+ power [^']+' >&2; exit 1$/)],
  });
});

test('a configuration without rebootCommand and shutdownCommand gets the harmless ones', async () => {
  const dataDir = await emptyFolder();
  const first = await startTestCloud({ dataDir });
  const made = await readConfig(first);
  const { rebootCommand: _, shutdownCommand: _off, ...older } = made;
  await writeFile(configPathOf(first), JSON.stringify(older));
  await first.close();
  const second = await startTestCloud({ dataDir });
  expect(await readConfig(second)).toEqual({ ...made, port: second.mqttPort });
});

test('a second start keeps identities and refreshes the port', async () => {
  const dataDir = await emptyFolder();
  const first = await startTestCloud({ dataDir });
  const kept = await Promise.all(identityFiles(first).map((path) => readFile(path, 'utf8')));
  const own = { logLevel: 'debug', rebootCommand: ['touch', '/tmp/asked'] };
  await writeFile(configPathOf(first), JSON.stringify({ ...(await readConfig(first)), ...own, port: 1 }));
  await first.close();
  const second = await startTestCloud({ dataDir });
  expect(await Promise.all(identityFiles(second).map((path) => readFile(path, 'utf8')))).toEqual(kept);
  expect(second.credentials).toEqual(first.credentials);
  expect(await readConfig(second)).toMatchObject({ ...own, port: second.mqttPort });
  const client = await connectThing(second, 'gw-1');
  expect(client.connected).toBe(true);
});

test('a new CA gives its things new certificates', async () => {
  const dataDir = await emptyFolder();
  const first = await startTestCloud({ dataDir });
  const before = await readFile(join(thingFolder(first), 'certificate.pem'), 'utf8');
  await first.close();
  await rm(join(dataDir, 'ca.key'));
  const second = await startTestCloud({ dataDir });
  expect(await readFile(join(thingFolder(second), 'certificate.pem'), 'utf8')).not.toBe(before);
  const client = await connectThing(second, 'gw-1');
  expect(client.connected).toBe(true);
});

test('a thing can be added while the cloud runs', async () => {
  const cloud = await startTestCloud();
  const thing = await cloud.addThing('gw-2');
  expect(thing.thingArn).toBe('arn:aws:iot:us-east-1:123456789012:thing/gw-2');
  const client = await connectThing(cloud, 'gw-2');
  expect(client.connected).toBe(true);
  await expect(cloud.addThing('../gw-3')).rejects.toThrow("Thing name '../gw-3' must be");
});

test('the credentials are an AWS shared-credentials file', async () => {
  const cloud = await startTestCloud();
  const { accessKeyId, secretAccessKey } = cloud.credentials;
  expect(await readFile(cloud.credentialsPath, 'utf8')).toBe(
    `[default]\naws_access_key_id = ${accessKeyId}\naws_secret_access_key = ${secretAccessKey}\n`,
  );
  expect(secretAccessKey).toHaveLength(40);
});

async function emptyFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'job-cloud-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

type Cloud = Awaited<ReturnType<typeof startTestCloud>>;

function thingFolder(cloud: Cloud): string {
  return dirname(configPathOf(cloud));
}

function configPathOf(cloud: Cloud): string {
  return cloud.things['gw-1']?.configPath ?? '';
}

function identityFiles(cloud: Cloud): string[] {
  return [cloud.caPath, join(thingFolder(cloud), 'certificate.pem'), join(thingFolder(cloud), 'private.key')];
}

async function readConfig(cloud: Cloud): Promise<Record<string, unknown>> {
  return JSON.parse(await readFile(configPathOf(cloud), 'utf8'));
}
