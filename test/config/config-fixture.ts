/** A folder with credentials and a config file that is right, for tests to spoil. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createCertificateAuthority, HOUR_MS } from '../fixtures/certificates.ts';

export interface ConfigFixture extends AsyncDisposable {
  readonly folder: string;
  readonly file: string;
  readonly certPath: string;
  readonly keyPath: string;
  readonly caPath: string;
  write(settings: object | string): Promise<void>;
}

export const RIGHT = {
  thingName: 'gateway-1',
  endpoint: 'a1-ats.iot.us-east-1.amazonaws.com',
  certPath: 'cert.pem',
  keyPath: 'key.pem',
  caPath: 'ca.pem',
};

/** Whole seconds, as certificates have them. */
export const VALID_FROM = new Date(Math.floor(Date.now() / 1000) * 1000 - HOUR_MS);
export const VALID_TO = new Date(VALID_FROM.getTime() + 12 * HOUR_MS);

export async function createConfigFixture(): Promise<ConfigFixture> {
  const folder = await mkdtemp(join(tmpdir(), 'config-'));
  const at = (name: string) => join(folder, name);
  const authority = await createCertificateAuthority('test authority');
  const pair = await authority.issue({
    commonName: 'gateway-1',
    usage: 'client',
    notBefore: VALID_FROM,
    notAfter: VALID_TO,
  });
  await writeFile(at('cert.pem'), pair.certPem);
  await writeFile(at('key.pem'), pair.keyPem, { mode: 0o600 });
  await writeFile(at('ca.pem'), authority.caPem);
  const write = (settings: object | string) =>
    writeFile(at('config.json'), typeof settings === 'string' ? settings : JSON.stringify(settings));
  await write(RIGHT);
  return {
    folder,
    file: at('config.json'),
    certPath: at('cert.pem'),
    keyPath: at('key.pem'),
    caPath: at('ca.pem'),
    write,
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  };
}
