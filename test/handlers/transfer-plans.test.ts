import { mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { downloadFileHandler } from '../../handlers/download-file/handler.ts';
import type { DownloadFileParameters } from '../../handlers/download-file/parameters.ts';
import { uploadFileHandler } from '../../handlers/upload-file/handler.ts';
import { createRecordingContext } from '../fixtures/recording-context.ts';

const SIGNED = 'https://a.example/fw.bin?X-Amz-Signature=SECRET';

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'transfer-plans-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** The working folder need not be there. */
function context() {
  return createRecordingContext({
    workDir: join(folder, 'work', 'job-1'),
    facts: { maxDownloadBytes: 5000, uploadFolders: [join(folder, 'logs')] },
  }).context;
}

describe('download-file', () => {
  const plan = (parameters: Partial<DownloadFileParameters>) =>
    downloadFileHandler.plan?.({ url: SIGNED, path: join(folder, 'fw.bin'), ...parameters }, context());

  test('says what would come, without the query, and changes nothing', async () => {
    await mkdir(join(folder, 'work'));
    expect(await plan({ sizeBytes: 700, sha256: '0'.repeat(64), signature: 'x', signatureKey: 'release' })).toEqual({
      actions: [
        `download https://a.example/fw.bin (700 bytes) to ${join(folder, 'fw.bin')}`,
        'check it by sha256; the same file there already is left as it is',
        'check its signature by release, before it is put in place',
      ],
      problems: [],
    });
    await writeFile(join(folder, 'fw.bin'), 'old');
    expect(await plan({ signatureUrl: `${SIGNED}.sig` })).toEqual({
      actions: [
        `download https://a.example/fw.bin (at most 5000 bytes) to ${join(folder, 'fw.bin')}, in the place of what is there (3 bytes)`,
        'download its signature, https://a.example/fw.bin',
        'check its signature by any key of artifactKeys, before it is put in place',
      ],
      problems: [],
    });
    expect((await readdir(folder)).sort()).toEqual(['fw.bin', 'work']);
  });

  test('says what stands in the way', async () => {
    await mkdir(join(folder, 'work'));
    expect(await plan({ sizeBytes: 5001 })).toMatchObject({
      problems: ['5001 bytes are more than the 5000 that are allowed'],
    });
    expect(await plan({ path: folder })).toMatchObject({
      problems: [`${folder} is a folder, and a plain file is expected there: it is not replaced`],
    });
    expect(await plan({ path: join(folder, 'none/x') })).toMatchObject({
      problems: [`there is no folder ${join(folder, 'none')} (ENOENT)`],
    });
    const much = await downloadFileHandler.plan?.(
      { url: SIGNED, path: join(folder, 'x'), sizeBytes: 2 ** 50 },
      { ...context(), facts: { ...context().facts, maxDownloadBytes: Number.MAX_SAFE_INTEGER } },
    );
    expect(much?.problems).toEqual([expect.stringMatching(/^1125899906842624 bytes are to come, and .+ has \d+ free/)]);
  });

  test('a relative path is in a working folder that the job is given', async () => {
    expect(await plan({ path: 'fw.bin' })).toMatchObject({ problems: [] });
  });
});

describe('upload-file', () => {
  const plan = (path: string, maxBytes?: number) =>
    uploadFileHandler.plan?.({ url: SIGNED, path, ...(maxBytes === undefined ? {} : { maxBytes }) }, context());

  test('says what would go where, and whether it may', async () => {
    const logs = join(folder, 'logs');
    await mkdir(logs);
    await writeFile(join(logs, 'app.log'), 'lines');
    const actions = [`upload ${join(logs, 'app.log')} (5 bytes) to https://a.example/fw.bin`];
    expect(await plan(join(logs, 'app.log'))).toEqual({ actions, problems: [] });
    expect(await plan(join(logs, 'app.log'), 4)).toEqual({
      actions,
      problems: [`${join(logs, 'app.log')} has 5 bytes, more than 4`],
    });
    await symlink('/etc/passwd', join(logs, 'link'));
    expect(await plan(join(logs, 'link'))).toMatchObject({
      problems: [expect.stringContaining('leads to /etc/passwd')],
    });
    expect(await plan(join(logs, 'none'))).toMatchObject({ problems: [expect.stringContaining('ENOENT')] });
  });

  test('a file of the working folder may come yet', async () => {
    expect(await plan('report.tar')).toMatchObject({ problems: [] });
  });
});
