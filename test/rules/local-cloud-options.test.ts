import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { DEFAULT_SERVICE_OPTIONS, readServiceOptions } from '../../local-cloud/jobs-service/service-options.ts';

test('the page of the local cloud’s options has each of them, with its default', async () => {
  const page = await readFile(new URL('../../docs/local-cloud-options.md', import.meta.url), 'utf8');
  const rows = [...page.matchAll(/^\| `(\w+)` \| `([^`]+)` \|/gm)].map(([, name, value]) => [
    name,
    JSON.parse(value ?? ''),
  ]);
  expect(rows).toEqual(Object.entries(DEFAULT_SERVICE_OPTIONS));
});

test('every choice that the page names is one', async () => {
  const page = await readFile(new URL('../../docs/local-cloud-options.md', import.meta.url), 'utf8');
  const rows = page.split('\n').filter((line) => /^\| `\w+` \| `"/.test(line));
  expect(rows.length).toBeGreaterThan(5);
  for (const row of rows) {
    const [, name = ''] = /^\| `(\w+)`/.exec(row) ?? [];
    for (const [, word] of row.matchAll(/`"([^"]+)"`/g)) {
      expect(readServiceOptions({ [name]: word })).toMatchObject({ [name]: word });
    }
  }
});
