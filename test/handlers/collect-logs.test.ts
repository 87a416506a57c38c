import { execFile, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gunzipSync, gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { HandlerFacts, HandlerResult } from '../../agent/handler-api.ts';
import { chunksOf } from '../../handlers/collect-logs/detail-chunks.ts';
import { collectLogsHandler } from '../../handlers/collect-logs/handler.ts';
import type { CollectLogsParameters, JournalParameters } from '../../handlers/collect-logs/parameters.ts';
import { createLineRedactor } from '../../handlers/collect-logs/redact-line.ts';
import { journalArguments } from '../../handlers/collect-logs/sources.ts';
import { tarOf } from '../../handlers/collect-logs/tar.ts';
import { linesOf, MAX_LINE_LENGTH } from '../../handlers/collect-logs/text-lines.ts';
import { type FileServer, startFileServer } from '../fixtures/file-server.ts';
import { type ProgramsOnPath, usePrograms } from '../fixtures/programs-on-path.ts';
import { createRecordingContext } from '../fixtures/recording-context.ts';

const run = promisify(execFile);
const hasJournalctl = spawnSync('journalctl', ['--version']).status === 0;
/** Made by systemd-journal-remote(8) of app.export beside it. */
const JOURNAL = join(import.meta.dirname, '../fixtures/journal/app.journal.gz');
const CANARY = 'c4n4ry';

let folder: string;
let workDir: string;
let logs: string;
let programs: ProgramsOnPath;
let server: FileServer | undefined;
let uploaded: Buffer[];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'collect-logs-'));
  workDir = join(folder, 'work');
  logs = join(folder, 'logs');
  for (const path of [workDir, logs]) await mkdir(path);
  programs = await usePrograms(folder);
  uploaded = [];
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await server?.close();
  server = undefined;
  await rm(folder, { recursive: true, force: true });
});

describe.skipIf(!hasJournalctl)('with the real journalctl and a real journal', () => {
  beforeEach(async () => {
    await writeFile(join(folder, 'app.journal'), gunzipSync(await readFile(JOURNAL)));
    await programs.add('journalctl', `exec journalctl --file='${folder}/app.journal' "$@"`);
  });

  test.each<[string, JournalParameters, number, string, string]>([
    ['all of it', {}, 306, 'message 0 of', 'Authorization: …'],
    ['a unit', { units: ['modem.service'] }, 30, 'message 0 of', 'message 290 of'],
    ['two units', { units: ['modem.service', 'app.service'], lines: 30 }, 33, 'message 273 of', 'Authorization: …'],
    ['the newest', { units: ['modem.service'], lines: 2 }, 2, 'message 280 of', 'message 290 of'],
    ['a time', { since: '2026-01-01T00:04:58Z', until: '2026-01-01 00:04:59' }, 2, 'message 298 of', 'message 299 of'],
    ['the boot before', { boot: -1 }, 100, 'message 0 of', 'message 99 of'],
    ['this boot', { boot: 0, lines: 200 }, 203, 'message 103 of', 'Authorization: …'],
  ])('%s is taken', async (_, journal, lines, first, last) => {
    const { entries, manifest } = await upload({ journal });
    const text = entries['journal.log']?.toString() ?? '';
    const taken = text.trimEnd().split('\n');
    const removed = text.includes('[private key]') ? 3 : 0; // lines of the one entry that has a key
    expect(taken.length).toBe(lines - removed);
    expect(taken[0]).toContain(first);
    expect(taken.at(-1)).toContain(last);
    expect(manifest.sources).toEqual([
      expect.objectContaining({ source: 'journal', lines: lines - removed, isCut: false, sha256: sha256Of(text) }),
    ]);
  });

  test('has no secret in it, and the manifest says how many lines had', async () => {
    const { entries, manifest, archive } = await upload({ journal: {} });
    expect(gunzipSync(archive).includes(CANARY)).toBe(false);
    const text = entries['journal.log']?.toString() ?? '';
    expect(text).toContain('GET https://bucket.s3.amazonaws.com/fw.bin?…');
    expect(text).toContain('app[100]: [private key]\n');
    expect(manifest.sources[0]).toMatchObject({ redactedLines: 6 });
  });

  test('of nothing is nothing', async () => {
    const { entries } = await upload({ journal: { units: ['no-such.service'] } });
    expect(entries['journal.log']?.toString()).toBe('');
  });

  test('what journalctl refuses is told, and files are taken all the same', async () => {
    await writeFile(join(logs, 'app.log'), 'line\n');
    const { result, manifest } = await upload({ journal: { boot: -9 }, files: [join(logs, 'app.log')] });
    expect(result).toHaveProperty('details.problems', expect.stringMatching(/^journal: journalctl: /));
    expect(manifest.problems).toHaveProperty('journal');
    expect(result).toHaveProperty('details.collected', `${join(logs, 'app.log')} 1 lines`);
  });

  test('without a URL the end of it is in the details, put together as the guide says', async () => {
    const { details } = (await collect({ journal: {} })) as Extract<HandlerResult, { kind: 'succeeded' }>;
    const base64 = Object.keys(details)
      .filter((key) => /^log\d$/.test(key))
      .sort()
      .map((key) => details[key])
      .join('');
    for (const value of Object.values(details)) expect(String(value).length).toBeLessThanOrEqual(1024);
    const text = gunzipSync(Buffer.from(base64, 'base64')).toString();
    expect(text).toMatch(/message 298 of the day\n.*message 299 of the day\n/);
    expect(text).not.toContain(CANARY);
  });
});

describe('files', () => {
  test('are taken from uploadFolders and the working folder, with their folders', async () => {
    await mkdir(join(logs, 'sub'));
    await writeFile(join(logs, 'sub/app.log.1'), 'first\nsecond\n');
    await symlink('app.log.1', join(logs, 'sub/app.log'));
    await writeFile(join(workDir, 'report.txt'), 'report');
    const { entries, manifest, result } = await upload({ files: [join(logs, 'sub/app.log'), 'report.txt'] });
    expect(Object.keys(entries)).toEqual([`files${logs}/sub/app.log`, 'files/work/report.txt', 'manifest.json']);
    expect(entries[`files${logs}/sub/app.log`]?.toString()).toBe('first\nsecond\n');
    expect(entries['files/work/report.txt']?.toString()).toBe('report\n');
    expect(manifest).toMatchObject({ thingName: 'gateway-1', jobId: 'job-1', executionNumber: 1 });
    expect(result).toMatchObject({
      kind: 'succeeded',
      details: { collected: `${logs}/sub/app.log 2 lines, report.txt 1 lines`, phase: 'uploaded' },
    });
    expect(await readdir(workDir)).toEqual(['report.txt']);
  });

  test('keep their newest whole lines', async () => {
    const lines = Array.from({ length: 50_000 }, (_, index) => `line ${index} of a long file`);
    const file = join(logs, 'long.log');
    await writeFile(file, `${lines.join('\n')}\n`);
    await writeFile(`${file}.gz`, gzipSync(await readFile(file)));
    const { entries, manifest } = await upload({ files: [file, `${file}.gz`], maxBytes: 100_000 });
    for (const name of [`files${file}`, `files${file}.gz`]) {
      const text = entries[name]?.toString() ?? '';
      const kept = text.trimEnd().split('\n');
      expect(text.length).toBeLessThanOrEqual(100_000);
      expect(text.length).toBeGreaterThan(100_000 - 60);
      expect(kept).toEqual(lines.slice(-kept.length));
    }
    expect(manifest.sources.map(({ isCut }) => isCut)).toEqual([true, true]);
  });

  test.each([1024, 5000, 65_536, 70_000, 1_000_000])('from a pipe as well: %i bytes of gzip', async (maxBytes) => {
    const lines = Array.from({ length: 9000 }, (_, index) => `${index} ${'x'.repeat(index % 50)}`);
    await writeFile(join(workDir, 'a.gz'), gzipSync(lines.join('\n')));
    const { entries } = await upload({ files: ['a.gz'], maxBytes });
    const kept = (entries['files/work/a.gz']?.toString() ?? '').trimEnd().split('\n');
    expect(kept).toEqual(lines.slice(-kept.length));
    expect(kept.join('\n').length).toBeGreaterThan(Math.min(maxBytes, lines.join('\n').length) - 120);
  });

  test('without a URL all of them have a share, each under its name', async () => {
    for (const name of ['a.log', 'b.log']) await writeFile(join(logs, name), `of ${name}\n`);
    const { details } = (await collect({ files: [join(logs, 'a.log'), join(logs, 'b.log')] })) as {
      details: Record<string, string>;
    };
    expect(gunzipSync(Buffer.from(details.log1 ?? '', 'base64')).toString()).toBe(
      `==> ${logs}/a.log <==\nof a.log\n==> ${logs}/b.log <==\nof b.log\n`,
    );
  });

  test('with a problem, progress and all pieces, leave one of ten pairs to the agent', async () => {
    const noise = Array.from({ length: 9000 }, (_, index) => createHash('sha256').update(`${index}`).digest('base64'));
    await writeFile(join(logs, 'a.log'), noise.join('\n'));
    const { context, progress } = createRecordingContext({ workDir, facts: { uploadFolders: [logs] } });
    const files = [join(logs, 'a.log'), join(logs, 'missing')];
    const { details } = await collectLogsHandler.run(context, { files });
    const keys = new Set([...progress.flatMap(Object.keys), ...Object.keys(details)]);
    expect([...keys].sort()).toEqual([
      'collected',
      'log1',
      'log2',
      'log3',
      'log4',
      'log5',
      'log6',
      'phase',
      'problems',
    ]);
  });

  test('that cannot be taken are told, and fail it only when nothing is left', async () => {
    await writeFile(join(logs, 'good.log'), 'good\n');
    await writeFile(join(logs, 'binary'), Buffer.from([1, 0, 2]));
    await writeFile(join(logs, 'broken.gz'), gzipSync('x'.repeat(100)).subarray(0, 20));
    await writeFile(join(folder, 'private.key'), CANARY);
    await symlink('../private.key', join(logs, 'link'));
    const bad = ['missing', 'binary', 'broken.gz', 'link'].map((name) => join(logs, name));
    const { result, archive } = await upload({ files: [...bad, join(logs, 'good.log')] });
    expect(result).toMatchObject({ kind: 'succeeded', details: { collected: `${logs}/good.log 1 lines` } });
    expect(result).toHaveProperty(
      'details.problems',
      expect.stringMatching(/missing.*ENOENT.*binary: is no text.*cannot be unpacked.*leads to/),
    );
    expect(gunzipSync(archive).includes(CANARY)).toBe(false);
    expect(await collect({ files: bad })).toMatchObject({ kind: 'failed', reasonCode: 'LOGS_NOT_COLLECTED' });
  });

  test('a server that says no is told by its own reason, and nothing is left behind', async () => {
    await writeFile(join(logs, 'a.log'), 'a\n');
    server = await startFileServer((_, response) => void response.writeHead(403).end());
    const url = `${server.origin}/x?X-Amz-Signature=${CANARY}`;
    const result = await collect({ files: [join(logs, 'a.log')], url });
    expect(result).toMatchObject({ kind: 'failed', reasonCode: 'UPLOAD_DENIED' });
    expect(JSON.stringify(result)).not.toContain(CANARY);
    expect(await readdir(workDir)).toEqual([]);
  });

  test('a stop leaves nothing behind', async () => {
    await writeFile(join(logs, 'a.log'), 'a\n'.repeat(100_000));
    const recording = createRecordingContext({
      workDir,
      facts: { uploadFolders: [logs] },
      onProgress: () => recording.stop(),
    });
    expect(await collectLogsHandler.run(recording.context, { files: [join(logs, 'a.log')] })).toMatchObject({
      reasonCode: 'LOGS_STOPPED',
    });
    expect(await readdir(workDir)).toEqual([]);
  });
});

describe('redaction', () => {
  test.each([
    ['password=c4n4ry', 'password=…'],
    ['DB_PASSWORD: "c4n4ry c4n4ry" next', 'DB_PASSWORD: … next'],
    ['{"token":"c4n4ry","a":1}', '{"token":…,"a":1}'],
    ["api-key='c4n4ry'", 'api-key=…'],
    ['aws_secret_access_key = c4n4ry/+c4n4ry', 'aws_secret_access_key = …'],
    ['psk=c4n4ry ssid=x', 'psk=… ssid=x'],
    ['authorization: Digest username="c4n4ry", response="c4n4ry"', 'authorization: …'],
    ['Set-Cookie: a=c4n4ry; b=c4n4ry', 'Set-Cookie: …'],
    ['sent Bearer c4n4ryc4n4ry.', 'sent Bearer …'],
    ['AKIAIOSFODNN7EXAMPLE used', '[access key] used'],
    ['jwt eyJhbGciOiJIUzI1NiJ9.c4n4ry.c4n4ry ok', 'jwt [token] ok'],
    ['https://user:c4n4ry@host/p?X-Amz-Signature=c4n4ry', 'https://…@host/p?…'],
    ['IMEI 123456789012345 seen', '[redacted] seen'],
    ['the password was wrong', 'the password was wrong'],
    ['tokens are nothing secret', 'tokens are nothing secret'],
  ])('%j becomes %j', (line, expected) => {
    expect(createLineRedactor([/IMEI \d{15}/gu]).redact(line)).toBe(expected);
  });

  test('a key over many lines is gone, and what follows is there', () => {
    const redactor = createLineRedactor([]);
    const text = `before\nx: -----BEGIN RSA PRIVATE KEY-----\n${CANARY}\n${CANARY}\n-----END RSA PRIVATE KEY-----\nafter`;
    expect(text.split('\n').flatMap((line) => redactor.redact(line) ?? [])).toEqual([
      'before',
      'x: [private key]',
      'after',
    ]);
    expect(redactor.redactedLines).toBe(4);
  });

  test('a key without an end hides no more than a key has lines', () => {
    const redactor = createLineRedactor([]);
    redactor.redact('-----BEGIN PRIVATE KEY-----');
    const shown = Array.from({ length: 1000 }, (_, index) => redactor.redact(`line ${index}`));
    expect(shown.filter((line) => line !== undefined)).toHaveLength(750);
  });

  test.each(['a', 'password', 'Bearer ', 'eyJ', '-eyJ', '-----BEGIN ', 'AKIA', 'https://', '"', 'token="'])(
    'a line of nothing but %j takes no time',
    (piece) => {
      const line = piece.repeat(MAX_LINE_LENGTH / piece.length);
      for (let times = 0; times < 20; times++) createLineRedactor([]).redact(line);
    },
    1000,
  );
});

describe('lines', () => {
  const linesIn = async (...pieces: string[]) => {
    const lines: string[] = [];
    for await (const line of linesOf(
      (async function* () {
        for (const piece of pieces) yield Buffer.from(piece, 'latin1');
      })(),
    ))
      lines.push(line);
    return lines;
  };

  test('are put together over pieces, and a last one needs no end', async () => {
    expect(await linesIn('a\nb', 'c\r\n\n', 'd')).toEqual(['a', 'bc', '', 'd']);
    expect(await linesIn('\xc3', '\xa9\n')).toEqual(['é']);
    expect(await linesIn()).toEqual([]);
  });

  test('that are too long are cut, and the next one is whole', async () => {
    const [long, next] = await linesIn('x'.repeat(20_000), 'y'.repeat(9_000), '\nnext\n');
    expect(long).toBe(`${'x'.repeat(MAX_LINE_LENGTH)}…`);
    expect(next).toBe('next');
  });
});

test('journalctl gets every choice as one argument, and none of its own', () => {
  expect(
    journalArguments({ units: ['a.service', 'b'], since: '-2h', until: '2026-03-01T12:00Z', boot: 0, lines: 5 }),
  ).toEqual([
    ...['--no-pager', '--quiet', '--utc', '--output=short-iso-precise', '--lines=5', '--since=-2h'],
    ...['--until=2026-03-01 12:00 UTC', '--boot=0', '--unit=a.service', '--unit=b'],
  ]);
});

test('a text that is hard to compress still fits, the end of it', () => {
  const lines = Array.from({ length: 4000 }, (_, index) => createHash('sha256').update(`${index}`).digest('base64'));
  const { chunks, lines: count } = chunksOf(`${lines.join('\n')}\n`);
  expect(Object.keys(chunks)).toHaveLength(6);
  const text = gunzipSync(Buffer.from(Object.values(chunks).join(''), 'base64')).toString();
  expect(text).toBe(`${lines.slice(-count).join('\n')}\n`);
  expect(count).toBeGreaterThan(70);
});

test('GNU tar reads long names, empty files and any length', async () => {
  vi.unstubAllEnvs();
  const names = ['a', `files/${'d'.repeat(120)}/${'n'.repeat(99)}`, 'ü', 'empty'];
  const contents = ['x'.repeat(512), 'y'.repeat(513), 'z', ''];
  const entries = (async function* () {
    for (const [index, name] of names.entries()) {
      const content = Buffer.from(contents[index] ?? '');
      yield {
        name,
        bytes: content.length,
        modified: new Date('2026-03-01T12:00:00Z'),
        content: (async function* () {
          yield content;
        })(),
      };
    }
  })();
  const pieces: Uint8Array[] = [];
  for await (const piece of tarOf(entries)) pieces.push(piece);
  await writeFile(join(folder, 'a.tar'), Buffer.concat(pieces));
  await mkdir(join(folder, 'out'));
  await run('tar', ['-xf', join(folder, 'a.tar'), '-C', join(folder, 'out')]);
  for (const [index, name] of names.entries()) {
    expect(await readFile(join(folder, 'out', name), 'utf8')).toBe(contents[index]);
  }
  const { stdout } = await run('tar', ['--utc', '-tvf', join(folder, 'a.tar')]);
  expect(stdout).toMatch(/^-rw-r--r-- 0\/0\s+512 2026-03-01 12:00 a$/m);
});

describe('the dry run', () => {
  test('says what would be taken, and what is not there', async () => {
    await writeFile(join(logs, 'a.log'), 'abc\n');
    const { context } = createRecordingContext({ workDir });
    const url = `https://a.example/x?X-Amz-Signature=${CANARY}`;
    const plan = await collectLogsHandler.plan?.({ files: [join(logs, 'a.log'), join(logs, 'b.log')], url }, context);
    expect(plan).toEqual({
      actions: [`take 4 of 4 bytes of ${logs}/a.log, without secrets`, 'put a .tar.gz of it to https://a.example/x'],
      problems: [`there is no file ${logs}/b.log (ENOENT)`],
    });
  });
});

interface Manifest {
  readonly sources: readonly { readonly isCut: boolean }[];
  readonly problems: Readonly<Record<string, string>>;
}

function collect(parameters: CollectLogsParameters, facts: Partial<HandlerFacts> = {}): Promise<HandlerResult> {
  const { context } = createRecordingContext({ workDir, facts: { uploadFolders: [logs], ...facts } });
  return collectLogsHandler.run(context, parameters);
}

/** Unpacked by the machine's own tar. */
async function upload(parameters: CollectLogsParameters) {
  server = await startFileServer(async (request, response) => {
    const pieces: Buffer[] = [];
    for await (const piece of request) pieces.push(piece as Buffer);
    uploaded.push(Buffer.concat(pieces));
    response.end();
  });
  const result = await collect({ ...parameters, url: `${server.origin}/logs.tar.gz` });
  const [archive] = uploaded;
  if (archive === undefined) throw new Error(`nothing was uploaded: ${JSON.stringify(result)}`);
  vi.unstubAllEnvs();
  await writeFile(join(folder, 'up.tar.gz'), archive);
  const { stdout } = await run('tar', ['-tzf', join(folder, 'up.tar.gz')]);
  const entries: Record<string, Buffer> = {};
  for (const name of stdout.trimEnd().split('\n')) {
    const options = { encoding: 'buffer', maxBuffer: 64 * 1024 ** 2 } as const;
    entries[name] = (await run('tar', ['-xzOf', join(folder, 'up.tar.gz'), name], options)).stdout;
  }
  const manifest = JSON.parse(entries['manifest.json']?.toString() ?? '') as Manifest;
  return { result, archive, entries, manifest };
}

function sha256Of(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
