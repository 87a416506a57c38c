import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path/posix';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';

const root = new URL('../../', import.meta.url);
const tracked = gitFiles();
const guides = tracked.filter((path) => /^(README\.md|docs\/.*\.md|handlers\/.*\.md)$/.test(path));

describe('the guides', () => {
  test('are found', () => {
    expect(guides).toEqual(expect.arrayContaining(['README.md', 'docs/install.md', 'handlers/README.md']));
  });

  test.each(guides)('every relative link in %s leads to a file in git', async (guide) => {
    const text = await read(guide);
    expect((await Promise.all(linksOf(text).map((link) => whyBroken(guide, link)))).filter(Boolean)).toEqual([]);
  });
});

describe('the rule on links', () => {
  test.each([
    ['docs/gone.md', 'README.md links to docs/gone.md, which git does not track'],
    ['docs/install.md#no-such-part', 'README.md links to docs/install.md#no-such-part, which has no such heading'],
    ['../outside.md', 'README.md links to ../outside.md, which git does not track'],
  ])('%s is told', async (link, told) => {
    expect(await whyBroken('README.md', link)).toBe(told);
  });

  test.each(['docs', 'docs/', 'docs/install.md', 'docs/install.md#with-systemd', '#settings'])(
    '%s leads somewhere',
    async (link) => {
      expect(await whyBroken('README.md', link)).toBeUndefined();
    },
  );

  test('links in code are none, those with titles and pictures are', () => {
    expect(linksOf('`[a](b)` [c](d) ![e](f.png) [g](h "title") [i](https://j)\n```\n[k](l)\n```\n')).toEqual([
      'd',
      'f.png',
      'h',
    ]);
  });
});

describe('package.json', async () => {
  const { scripts, bin, files } = JSON.parse(await read('package.json')) as {
    readonly scripts: Readonly<Record<string, string>>;
    readonly bin: Readonly<Record<string, string>>;
    readonly files: readonly string[];
  };
  const built = await builtFiles();

  test.each(Object.entries(scripts))('the script %s names files that are there or built', (_, command) => {
    const named = command.match(/\S+\.(?:js|mjs|ts|sh)\b/g) ?? [];
    expect(named.filter((path) => !tracked.includes(path) && !built.includes(path))).toEqual([]);
  });

  test('the scripts it calls by name are its own', () => {
    const called = Object.values(scripts).flatMap((command) => [...command.matchAll(/npm run ([\w:]+)/g)]);
    for (const [, name = ''] of called) expect(scripts).toHaveProperty([name]);
  });

  test('what it installs and ships is there or built', () => {
    for (const path of Object.values(bin)) expect(built).toContain(path);
    for (const path of files.filter((entry) => !entry.startsWith('!'))) {
      expect(path === 'dist' || tracked.some((file) => file === path || file.startsWith(`${path}/`)), path).toBe(true);
    }
  });

  test('every `npm run` of the guides is a script', async () => {
    for (const guide of guides) {
      for (const [, name = ''] of (await read(guide)).matchAll(/npm run ([\w:]+)/g)) {
        expect(scripts, `${guide} names npm run ${name}`).toHaveProperty([name]);
      }
    }
  });
});

/** Targets of Markdown's inline links that lead to a place in the repository. */
function linksOf(text: string): readonly string[] {
  const prose = text.replace(/^```.*?^```/gms, '').replace(/`[^`\n]*`/g, 'code');
  const targets = [...prose.matchAll(/\]\(([^)\s]+)(?:\s+"[^"]*")?\)/g)].map(([, target = '']) => target);
  return targets.filter((target) => !/^[a-z]+:/.test(target));
}

async function whyBroken(guide: string, link: string): Promise<string | undefined> {
  const [path = '', heading] = link.split('#');
  const target = path === '' ? guide : join(dirname(guide), path).replace(/\/$/, '');
  const isFile = tracked.includes(target);
  if (!isFile && !tracked.some((file) => file.startsWith(`${target}/`))) {
    return `${guide} links to ${link}, which git does not track`;
  }
  if (heading === undefined || (isFile && headingsOf(await read(target)).includes(heading))) return undefined;
  return `${guide} links to ${link}, which has no such heading`;
}

/** Their anchors, as GitHub makes them. */
function headingsOf(markdown: string): readonly string[] {
  return [...markdown.matchAll(/^#+ (.+)$/gm)].map(([, text = '']) =>
    text
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  );
}

/** From the entries of the build, so that this needs no build. */
async function builtFiles(): Promise<readonly string[]> {
  const build = await read('scripts/build.mjs');
  const entries = [...build.matchAll(/^ {2}'?([\w-]+)'?: '([\w./-]+\.ts)',$/gm)];
  return entries.filter(([, , entry = '']) => tracked.includes(entry)).map(([, name = '']) => `dist/${name}.js`);
}

/** What git tracks and nobody has deleted since. */
function gitFiles(): readonly string[] {
  const args = ['ls-files', '-z', '--', '.'];
  const list = execFileSync('git', args, { cwd: fileURLToPath(root), encoding: 'utf8' })
    .split('\0')
    .filter(Boolean);
  return list.filter((path) => existsSync(new URL(path, root)));
}

function read(path: string): Promise<string> {
  return readFile(new URL(path, root), 'utf8');
}
