import pino from 'pino';
import { expect, onTestFinished, test } from 'vitest';
import { startRestServer } from '../../../local-cloud/rest/rest-server.ts';

test('an extra handler answers what it takes, and leaves the rest to AWS’s API', async () => {
  const server = await startRestServer({
    host: '127.0.0.1',
    port: 0,
    log: pino({ level: 'silent' }),
    keyPairs: null,
    control: (operation) => ({ jobId: operation }),
    data: () => ({}),
    extra: (request, response) => {
      if (request.url !== '/console') return false;
      response.end('a page');
      return true;
    },
  });
  onTestFinished(() => server.close());
  const page = await fetch(`http://127.0.0.1:${server.port}/console`);
  expect(await page.text()).toBe('a page');
  expect(page.headers.has('x-amzn-requestid')).toBe(false);
  const job = await fetch(`http://127.0.0.1:${server.port}/jobs/a`);
  expect(await job.json()).toEqual({ jobId: 'DescribeJob' });
});
