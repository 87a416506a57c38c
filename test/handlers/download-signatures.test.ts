import { execFile, spawnSync } from 'node:child_process';
import { generateKeyPairSync, randomBytes, sign } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { HandlerFacts } from '../../agent/handler-api.ts';
import { readArtifactKeys } from '../../agent/handler-tools/artifact-key.ts';
import { downloadFileHandler } from '../../handlers/download-file/handler.ts';
import type { DownloadFileParameters } from '../../handlers/download-file/parameters.ts';
import { type FileServer, startFileServer } from '../fixtures/file-server.ts';
import { createRecordingContext } from '../fixtures/recording-context.ts';

const CONTENT = randomBytes(700_001);
const hasMinisign = spawnSync('minisign', ['-v']).error === undefined;
if (!hasMinisign) process.stderr.write('minisign is not installed: its signatures are not checked here\n');

let tools: string;
let folder: string;
let server: FileServer;
/** By path; without one, the content. */
const served = new Map<string, Buffer>();

beforeAll(async () => {
  tools = await mkdtemp(join(tmpdir(), 'signatures-'));
  await writeFile(join(tools, 'firmware.bin'), CONTENT);
  for (const [name, ...how] of [
    ['p256', 'EC', '-pkeyopt', 'ec_paramgen_curve:P-256'],
    ['p384', 'EC', '-pkeyopt', 'ec_paramgen_curve:P-384'],
    ['ed25519', 'ED25519'],
  ]) {
    await shell(
      `openssl genpkey -algorithm ${how.join(' ')} -out ${name}.key && openssl pkey -in ${name}.key -pubout -out ${name}.pub`,
    );
  }
  server = await startFileServer((request, response) => response.end(served.get(request.url ?? '') ?? CONTENT));
});
afterAll(async () => {
  await server.close();
  await rm(tools, { recursive: true, force: true });
});
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'signed-download-'));
  served.clear();
});

/** The commands of docs/downloads.md. */
const SIGN = {
  p256: 'openssl dgst -sha256 -sign p256.key firmware.bin | base64 -w 0',
  p384: 'openssl dgst -sha384 -sign p384.key firmware.bin | base64 -w 0',
  ed25519:
    'openssl dgst -sha512 -binary -out firmware.sha512 firmware.bin && ' +
    'openssl pkeyutl -sign -rawin -inkey ed25519.key -in firmware.sha512 | base64 -w 0',
} as const;
type KeyName = keyof typeof SIGN;
const NAMES = Object.keys(SIGN) as readonly KeyName[];

describe('what openssl signed', () => {
  test.each(NAMES)('by %s is put in place, and who signed is told', async (name) => {
    const signature = await shell(SIGN[name]);
    const result = await download({ signature }, await factsOf(...NAMES));
    expect(result).toMatchObject({ kind: 'succeeded', details: { signedBy: name, bytes: CONTENT.length } });
    expect((await readFile(join(folder, 'file'))).equals(CONTENT)).toBe(true);
  });

  test.each(NAMES)('by %s is refused when a bit of the file is another', async (name) => {
    const signature = await shell(SIGN[name]);
    const changed = Buffer.from(CONTENT);
    changed[700_000] = (changed[700_000] ?? 0) ^ 1;
    served.set('/file', changed);
    expect(await download({ signature }, await factsOf(name))).toMatchObject({
      kind: 'failed',
      reasonCode: 'SIGNATURE_INVALID',
    });
    expect(await readdir(folder)).toEqual([]);
  });

  test.each(NAMES)('by %s is refused when no key of ours did it', async (name) => {
    const signature = await shell(SIGN[name]);
    const others = NAMES.filter((other) => other !== name);
    expect(await download({ signature }, await factsOf(...others))).toMatchObject({ reasonCode: 'SIGNATURE_INVALID' });
    const [one = name] = others;
    const facts = await factsOf(...NAMES);
    expect(await download({ signature, signatureKey: one }, facts)).toMatchObject({ reasonCode: 'SIGNATURE_INVALID' });
    expect(await download({ signature, signatureKey: name }, facts)).toMatchObject({ kind: 'succeeded' });
  });

  test.each(NAMES)('by %s may lie beside the file, in base64 or as it is', async (name) => {
    const signature = await shell(SIGN[name]);
    const signatureUrl = `${server.origin}/file.sig?X-Amz-Signature=SECRET`;
    for (const content of [Buffer.from(`${signature}\n`), Buffer.from(signature, 'base64')]) {
      served.set('/file.sig?X-Amz-Signature=SECRET', content);
      expect(await download({ signatureUrl }, await factsOf(name))).toMatchObject({ details: { signedBy: name } });
      await rm(join(folder, 'file'));
    }
  });

  test('one of several keys of a kind is found', async () => {
    const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const other = `other=${publicKey.export({ format: 'der', type: 'spki' }).toString('base64')}`;
    const { artifactKeys = [] } = await factsOf('p256');
    const signature = await shell(SIGN.p256);
    const result = await download({ signature }, { artifactKeys: [other, ...artifactKeys] });
    expect(result).toMatchObject({ details: { signedBy: 'p256' } });
  });
});

describe('Ed25519 over the file itself', () => {
  test('is refused: it cannot be checked in pieces', async () => {
    const { privateKey, publicKey } = generateKeyPairSync('ed25519');
    const signature = sign(null, CONTENT, privateKey).toString('base64');
    const artifactKeys = [`k=${publicKey.export({ format: 'der', type: 'spki' }).toString('base64')}`];
    expect(await download({ signature }, { artifactKeys })).toMatchObject({ reasonCode: 'SIGNATURE_INVALID' });
  });
});

describe.skipIf(!hasMinisign)('what minisign signed', () => {
  let artifactKeys: string[];
  beforeAll(async () => {
    await shell(
      'minisign -G -W -p mini.pub -s mini.key && minisign -S -W -s mini.key -m firmware.bin -t "firmware 7, für alle"',
    );
    artifactKeys = [`mini=${(await shell('sed -n 2p mini.pub')).trim()}`];
  });

  test('is put in place, from the document or from beside the file', async () => {
    const signature = await shell('cat firmware.bin.minisig');
    served.set('/file.minisig', Buffer.from(signature));
    const fromUrl = { signatureUrl: `${server.origin}/file.minisig` };
    expect(await download(fromUrl, { artifactKeys })).toMatchObject({ details: { signedBy: 'mini' } });
    await rm(join(folder, 'file'));
    await shell('minisign -S -W -s mini.key -m firmware.bin -x plain.minisig -t "firmware 7"');
    const inDocument = { signature: await shell('cat plain.minisig') };
    expect(
      downloadFileHandler.check?.({ ...inDocument, url: server.origin, path: 'x' }, context({ artifactKeys }).facts),
    ).toBeUndefined();
    expect(await download(inDocument, { artifactKeys })).toMatchObject({ details: { signedBy: 'mini' } });
  });

  test('is refused with another trusted comment, another key, or another file', async () => {
    const signature = await shell('cat firmware.bin.minisig');
    const forged = signature.replace('firmware 7', 'firmware 8');
    served.set('/forged', Buffer.from(forged));
    const wrong = { reasonCode: 'SIGNATURE_INVALID' };
    expect(await download({ signatureUrl: `${server.origin}/forged` }, { artifactKeys })).toMatchObject(wrong);
    await shell('minisign -G -W -f -p other.pub -s other.key');
    const other = [`other=${(await shell('sed -n 2p other.pub')).trim()}`];
    served.set('/right', Buffer.from(signature));
    const right = { signatureUrl: `${server.origin}/right` };
    expect(await download(right, { artifactKeys: other })).toMatchObject(wrong);
    served.set('/file', Buffer.from('something else'));
    expect(await download(right, { artifactKeys })).toMatchObject(wrong);
    expect(await readdir(folder)).toEqual([]);
  });

  test('in its legacy form is refused, with what to do', async () => {
    await shell('minisign -S -l -W -s mini.key -m firmware.bin -x legacy.minisig');
    served.set('/legacy', await readFile(join(tools, 'legacy.minisig')));
    expect(await download({ signatureUrl: `${server.origin}/legacy` }, { artifactKeys })).toMatchObject({
      reasonCode: 'SIGNATURE_INVALID',
      message: expect.stringContaining('sign without -l'),
    });
  });
});

describe('a file that is there', () => {
  test('with the hash is left where it is signed, and is not where it is not', async () => {
    const sha256 = (await shell('sha256sum firmware.bin')).slice(0, 64);
    await writeFile(join(folder, 'file'), CONTENT);
    const signature = await shell(SIGN.p256);
    const facts = await factsOf('p256');
    expect(await download({ sha256, signature }, facts)).toMatchObject({
      details: { downloaded: 'no, it was there', signedBy: 'p256' },
    });
    const wrong = await shell('echo other > other.bin && openssl dgst -sha256 -sign p256.key other.bin | base64 -w 0');
    expect(await download({ sha256, signature: wrong }, facts)).toMatchObject({ reasonCode: 'SIGNATURE_INVALID' });
  });
});

describe('a signature that is not to be had', () => {
  test('is waited for as the file is, and fails with its own URL', async () => {
    const away = await startFileServer((_, response) => response.writeHead(404).end());
    const result = await download({ signatureUrl: `${away.origin}/file.sig?key=SECRET` }, await factsOf('p256'));
    await away.close();
    expect(result).toMatchObject({
      reasonCode: 'DOWNLOAD_HTTP_STATUS',
      message: `${away.origin}/file.sig answered 404 Not Found`,
    });
  });

  test('of a megabyte is none', async () => {
    served.set('/large', Buffer.alloc(1024 ** 2));
    const result = await download({ signatureUrl: `${server.origin}/large` }, await factsOf('p256'));
    expect(result).toMatchObject({ reasonCode: 'SIGNATURE_INVALID' });
  });
});

describe('before anything runs', () => {
  test('an unsigned document is refused where the operator insists', async () => {
    const facts = { ...(await factsOf('p256')), requireSignature: true };
    const problem = downloadFileHandler.check?.({ url: server.origin, path: 'x' }, context(facts).facts);
    expect(problem).toMatchObject({
      pointer: '/signature',
      reason: expect.stringContaining('unsigned files are refused'),
    });
  });

  test('nor does an operation that downloads by this one bring an unsigned file', async () => {
    const result = await download({}, { ...(await factsOf('p256')), requireSignature: true });
    expect(result).toMatchObject({ kind: 'failed', reasonCode: 'SIGNATURE_INVALID' });
    expect(await readdir(folder)).toEqual([]);
  });

  test.each<[Partial<DownloadFileParameters>, string]>([
    [{ signature: 'AAAA' }, '/signature'],
    [{ signature: 'not base64!' }, '/signature'],
    [{ signature: 'A'.repeat(86), signatureUrl: 'https://a.example/s' }, '/signatureUrl'],
    [{ signatureUrl: 'http://a.example/s' }, '/signatureUrl'],
    [{ signatureUrl: 'https://169.254.169.254/s' }, '/signatureUrl'],
    [{ signatureKey: 'p256' }, '/signatureKey'],
    [{ signature: 'A'.repeat(86), signatureKey: 'unknown' }, '/signatureKey'],
  ])('%j is refused at %s', async (parameters, pointer) => {
    const problem = downloadFileHandler.check?.(
      { url: server.origin, path: 'x', ...parameters },
      context(await factsOf('p256')).facts,
    );
    expect(problem).toMatchObject({ pointer });
  });

  test('a signature that no key can check is refused', () => {
    const problem = downloadFileHandler.check?.(
      { url: server.origin, path: 'x', signature: 'A'.repeat(86) },
      context({}).facts,
    );
    expect(problem).toEqual({ pointer: '/signature', reason: 'cannot be checked: artifactKeys has no key' });
  });
});

test('keys of other kinds are told by their names', () => {
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey.export({ format: 'der', type: 'spki' });
  const curve = generateKeyPairSync('ec', { namedCurve: 'secp256k1' }).publicKey.export({
    format: 'der',
    type: 'spki',
  });
  const entries = [`rsa=${rsa.toString('base64')}`, `k1=${curve.toString('base64')}`, `junk=${'A'.repeat(60)}`];
  expect(readArtifactKeys(entries).problems).toEqual(
    ['rsa', 'k1', 'junk'].map((name) => `${name} is no public key of P-256, P-384, Ed25519 or minisign`),
  );
});

function context(facts: Partial<HandlerFacts>) {
  return createRecordingContext({ workDir: folder, facts }).context;
}

function download(parameters: Partial<DownloadFileParameters>, facts: Partial<HandlerFacts>) {
  const url = `${server.origin}/file`;
  return downloadFileHandler.run(context(facts), { url, path: 'file', retrySeconds: 0, ...parameters });
}

/** As docs/downloads.md makes them of PEM files. */
async function factsOf(...names: readonly string[]): Promise<Partial<HandlerFacts>> {
  const keys = names.map((name) => shell(`echo "${name}=$(grep -v -- ----- ${name}.pub | tr -d '\\n')"`));
  return { artifactKeys: (await Promise.all(keys)).map((key) => key.trim()) };
}

async function shell(command: string): Promise<string> {
  const { stdout } = await promisify(execFile)('bash', ['-euo', 'pipefail', '-c', command], { cwd: tools });
  return stdout;
}
