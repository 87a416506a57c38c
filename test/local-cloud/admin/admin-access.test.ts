import { chmod, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type AdminRequest, askAdmin, tokenOf } from '../../fixtures/admin-client.ts';
import { startTestCloud } from '../../fixtures/job-cloud.ts';

describe('the token', () => {
  test('is in a file that nobody else can read, and behind the # of the console’s address', async () => {
    const cloud = await startTestCloud();
    const path = join(cloud.dataDir, 'console-token');
    expect((await readFile(path, 'utf8')).trim()).toBe(tokenOf(cloud));
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect(cloud.consoleUrl).toMatch(new RegExp(`^http://127\\.0\\.0\\.1:${cloud.httpPort}/console#token=[\\w-]{43}$`));
  });

  test('stays from one start to the next, and is made private again', async () => {
    const first = await startTestCloud();
    await first.close();
    await chmod(join(first.dataDir, 'console-token'), 0o644);
    const second = await startTestCloud({ dataDir: first.dataDir });
    expect(tokenOf(second)).toBe(tokenOf(first));
    expect((await stat(join(first.dataDir, 'console-token'))).mode & 0o777).toBe(0o600);
  });

  test.each(['', 'short\n', `${'x'.repeat(40)} and more`])('a file with %j gets a new one', async (text) => {
    const first = await startTestCloud();
    await first.close();
    await writeFile(join(first.dataDir, 'console-token'), text);
    const second = await startTestCloud({ dataDir: first.dataDir });
    expect(tokenOf(second)).toMatch(/^[\w-]{43}$/);
    expect(tokenOf(second)).not.toBe(tokenOf(first));
  });

  test.each([
    ['none', { authorization: '' }],
    ['another one', { authorization: `Bearer ${'x'.repeat(43)}` }],
    ['a part of it', { authorization: 'Bearer x' }],
    ['one in another scheme', { authorization: 'Basic eDp5' }],
  ])('%s is an UnauthorizedException with 401, whatever is asked for', async (_what, headers) => {
    const cloud = await startTestCloud();
    for (const path of ['things', 'events', 'nothing-of-the-kind']) {
      const { status, headers: answered, body } = await askAdmin(cloud, { path: `/admin/v1/${path}`, headers });
      expect({ path, status, name: answered['x-amzn-errortype'] }).toEqual({
        path,
        status: 401,
        name: 'UnauthorizedException',
      });
      expect(body.message).toContain('console-token');
    }
  });

  test('is not asked for by the files of the console, which hold no secret', async () => {
    const cloud = await startTestCloud();
    for (const path of ['/console', '/console/console.css', '/console/console.js']) {
      const { status, text } = await askAdmin(cloud, { path, headers: { authorization: '' } });
      expect(status).toBe(200);
      expect(text).not.toContain(tokenOf(cloud));
    }
  });

  test('opens nothing of AWS’s API: its requests are signed as ever', async () => {
    const cloud = await startTestCloud();
    expect((await askAdmin(cloud, { path: '/jobs/a' })).status).toBe(403);
  });
});

describe('the Host header', () => {
  test.each(['evil.example', 'evil.example:8080', '10.0.0.1', 'localhost.evil.example', '127.0.0.1.evil.example'])(
    '%j is refused, with the right token too',
    async (host) => {
      const cloud = await startTestCloud();
      for (const path of ['/admin/v1/things', '/console']) {
        const { status, headers } = await askAdmin(cloud, { path, headers: { host } });
        expect([status, headers['x-amzn-errortype']]).toEqual([403, 'AccessDeniedException']);
      }
    },
  );

  test.each(['localhost', 'LOCALHOST:1', '127.0.0.1:8080', '127.1.2.3', '[::1]:8080'])('%j is served', async (host) => {
    const cloud = await startTestCloud();
    expect((await askAdmin(cloud, { path: '/admin/v1/things', headers: { host } })).status).toBe(200);
  });

  test('may be any where --host lets others in', async () => {
    const cloud = await startTestCloud({ host: '0.0.0.0' });
    const headers = { host: 'my-laptop.example:8080' };
    expect((await askAdmin(cloud, { path: '/admin/v1/things', headers })).status).toBe(200);
    expect(new URL(cloud.consoleUrl).hostname).toBe('127.0.0.1');
  });
});

describe('the Origin header', () => {
  const write: AdminRequest = { method: 'POST', path: '/admin/v1/things', body: { thingName: 'gw-9' } };

  test.each(['http://evil.example', 'null', 'https://127.0.0.1:8080'])('%s may change nothing', async (origin) => {
    const cloud = await startTestCloud();
    const { status, headers } = await askAdmin(cloud, { ...write, headers: { origin } });
    expect([status, headers['x-amzn-errortype']]).toEqual([403, 'AccessDeniedException']);
    expect(cloud.things).not.toHaveProperty('gw-9');
  });

  test('of the console itself may, and so may a program that sends none', async () => {
    const cloud = await startTestCloud();
    const origin = `http://127.0.0.1:${cloud.httpPort}`;
    expect((await askAdmin(cloud, { ...write, headers: { origin } })).status).toBe(200);
    expect((await askAdmin(cloud, write)).status).toBe(200);
  });
});

describe('the files of the console', () => {
  test('forbid scripts, styles and connections that are not their own', async () => {
    const cloud = await startTestCloud();
    const { headers } = await askAdmin(cloud, { path: '/console' });
    const policy = String(headers['content-security-policy']);
    for (const part of [
      "default-src 'none'",
      "script-src 'self'",
      "frame-ancestors 'none'",
      'require-trusted-types-for',
    ]) {
      expect(policy).toContain(part);
    }
    expect(policy).not.toContain('unsafe');
    expect(headers).toMatchObject({ 'x-content-type-options': 'nosniff', 'referrer-policy': 'no-referrer' });
  });

  test.each([
    ['GET', '/console/'],
    ['GET', '/console/../package.json'],
    ['GET', '/console/toString'],
    ['POST', '/console'],
  ])('%s %s is refused', async (method, path) => {
    const cloud = await startTestCloud();
    const { status, headers } = await askAdmin(cloud, { method, path });
    expect([403, 404]).toContain(status);
    expect(headers['x-amzn-errortype']).toMatch(/Exception$/);
  });
});
