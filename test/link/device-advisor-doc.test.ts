import { readdir, readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';

const here = new URL('./', import.meta.url);
const page = await readFile(new URL('../../docs/device-advisor.md', here), 'utf8');
const rows = [...page.matchAll(/^\| `(\w+)` \|(.+)\|(.+)\|(.+)\|.*\/([\w.-]+\.test\.ts)\) \|$/gm)];
const titles = await titlesByFile();

test('every case of the page has a test, and every test a case', () => {
  expect(rows.length).toBeGreaterThan(20);
  const tested = new Set([...titles.values()].flat());
  expect(rows.map(([, id]) => id).sort()).toEqual([...tested].sort());
});

test('every case of the page names the file that tests it', () => {
  for (const [, id = '', , , , file = ''] of rows) expect(titles.get(file), id).toContain(id);
});

test('every case is met, a warning or a deviation, and says how', () => {
  expect(rows.length).toBe([...page.matchAll(/^\| `/gm)].length);
  for (const [, id, , ours, how = ''] of rows) {
    expect(['met', 'warning', 'deviation'], id).toContain(ours?.trim());
    expect(how.trim().length, id).toBeGreaterThan(5);
  }
});

/** The ids that titles of tests begin with, by file. */
async function titlesByFile(): Promise<ReadonlyMap<string, readonly string[]>> {
  const files = (await readdir(here)).filter((name) => /^device-advisor-(tls|mqtt|jobs)\.test\.ts$/.test(name));
  const found = files.map(async (name) => {
    const text = await readFile(new URL(name, here), 'utf8');
    return [name, [...text.matchAll(/'((?:TLS|MQTT|Job)_\w+): /g)].map(([, id = '']) => id)] as const;
  });
  return new Map(await Promise.all(found));
}
