import { readdir, readFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';

const docs = new URL('../../docs/', import.meta.url);
const pages = (await readdir(docs)).filter((name) => name.endsWith('.md') && name !== 'README.md');
const index = await readFile(new URL('README.md', docs), 'utf8');

describe('docs/README.md', () => {
  test('lists every guide once', () => {
    const listed = [...index.matchAll(/^\| \[[^\]]+\]\(([a-z-]+\.md)\)/gm)].map(([, page]) => page);
    expect(listed.sort()).toEqual([...pages].sort());
  });

  test('names what is no guide: schemas, manual pages, examples, decisions', async () => {
    const others = (await readdir(docs)).filter((name) => !name.endsWith('.md') && name !== 'man');
    const manuals = (await readdir(new URL('man/', docs))).map((name) => `man/${name}`);
    for (const name of [...others, ...manuals]) expect(index).toContain(`](${name})`);
  });

  test.each(pages)('%s leads back to it', async (page) => {
    expect(await readFile(new URL(page, docs), 'utf8')).toMatch(/\n\n\[All guides\]\(README\.md\)\n$/);
  });
});
