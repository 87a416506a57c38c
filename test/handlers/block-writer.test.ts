import { mkdtemp, open, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, onTestFinished, test } from 'vitest';
import { createBlockWriter } from '../../handlers/download-file/block-writer.ts';

const KIB = 1024;

test('whatever the sizes of the chunks, file and blocks are the chunks in their order', async () => {
  const size = fc.oneof(fc.integer({ min: 0, max: 64 * KIB }), fc.integer({ min: 200 * KIB, max: 900 * KIB }));
  await fc.assert(
    fc.asyncProperty(fc.array(size, { maxLength: 20 }), fc.integer({ min: 0, max: 9 }), async (sizes, start) => {
      const { file, path } = await openFile();
      await file.write(Buffer.alloc(start, 'a'));
      const blocks: Buffer[] = [];
      const writer = createBlockWriter(file, { start, onBlock: (block) => blocks.push(Buffer.from(block)) });
      const chunks = sizes.map((bytes, index) => Buffer.alloc(bytes, String.fromCharCode(98 + index)));
      for (const chunk of chunks) {
        await writer.append(chunk);
        chunk.fill('!'); // the writer has its own copy
      }
      await writer.flush();
      const wanted = Buffer.concat(sizes.map((bytes, index) => Buffer.alloc(bytes, String.fromCharCode(98 + index))));
      expect(Buffer.concat(blocks).equals(wanted)).toBe(true);
      expect((await readFile(path)).equals(Buffer.concat([Buffer.alloc(start, 'a'), wanted]))).toBe(true);
      expect(writer.bytes).toBe(start + wanted.length);
      await file.close();
    }),
    { numRuns: 30 },
  );
});

test('an empty start after a restart', async () => {
  const { file, path } = await openFile();
  const writer = createBlockWriter(file, { start: 0, onBlock: () => undefined });
  await writer.append(Buffer.alloc(300 * KIB, 'x'));
  await writer.restart();
  await writer.append(Buffer.from('new'));
  await writer.flush();
  expect(await readFile(path, 'utf8')).toBe('new');
  await file.close();
});

test('a write that fails is told by the next call that waits', async () => {
  const full = await open('/dev/full', 'w');
  const writer = createBlockWriter(full, { start: 0, onBlock: () => undefined });
  await writer.append(Buffer.alloc(256 * KIB));
  await expect(writer.flush()).rejects.toMatchObject({ code: 'ENOSPC' });
  await full.close();
});

async function openFile() {
  const folder = await mkdtemp(join(tmpdir(), 'block-writer-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const path = join(folder, 'file');
  return { path, file: await open(path, 'w+') };
}
