import { once } from 'node:events';
import { connect } from 'node:net';
import pino from 'pino';
import { expect, onTestFinished, test } from 'vitest';
import { ControlError } from '../../../local-cloud/jobs-service/control-error.ts';
import { startRestServer } from '../../../local-cloud/rest/rest-server.ts';

const HOST = 'host: localhost\r\n';
const END = 'connection: close\r\n\r\n';
const DATA = 'authorization: AWS4-HMAC-SHA256 Credential=X/20260101/us-east-1/iot-jobs-data/aws4_request\r\n';

test.each([
  ['what is no HTTP', 'hello\r\n\r\n', 400, 'InvalidRequestException'],
  ['a header without a name', `GET /jobs HTTP/1.1\r\n: x\r\n${HOST}${END}`, 400, 'InvalidRequestException'],
  ['two hosts', `GET /jobs HTTP/1.1\r\n${HOST}host: elsewhere\r\n${END}`, 400, 'InvalidRequestException'],
  ['no host', `GET /jobs HTTP/1.1\r\n${END}`, 400, 'InvalidRequestException'],
  [
    'a length that is none',
    `PUT /jobs/a HTTP/1.1\r\n${HOST}content-length: x\r\n${END}`,
    400,
    'InvalidRequestException',
  ],
  [
    'two lengths',
    `PUT /jobs/a HTTP/1.1\r\n${HOST}content-length: 1\r\ncontent-length: 2\r\n${END}`,
    400,
    'InvalidRequestException',
  ],
  [
    'a chunk that is none',
    `PUT /jobs/a HTTP/1.1\r\n${HOST}transfer-encoding: chunked\r\n${END}zz\r\n`,
    400,
    'InvalidRequestException',
  ],
  [
    'a header of 64 KiB',
    `GET /jobs HTTP/1.1\r\n${HOST}x: ${'x'.repeat(65_536)}\r\n${END}`,
    431,
    'InvalidRequestException',
  ],
  ['a path with control characters', `GET /jobs/\x01 HTTP/1.1\r\n${HOST}${END}`, 400, 'InvalidRequestException'],
  ['a path that is no path', `GET * HTTP/1.1\r\n${HOST}${END}`, 404, 'UnknownOperationException'],
  ['a malformed escape', `GET /jobs/%E0%A4%A HTTP/1.1\r\n${HOST}${END}`, 404, 'UnknownOperationException'],
  ['an unknown method', `PROPFIND /jobs/a HTTP/1.1\r\n${HOST}${END}`, 404, 'UnknownOperationException'],
  [
    'bytes that are not UTF-8',
    `PUT /jobs/a HTTP/1.1\r\n${HOST}content-length: 1\r\n${END}\xff`,
    400,
    'InvalidRequestException',
  ],
  ['JSON cut short', `PUT /jobs/a HTTP/1.1\r\n${HOST}content-length: 1\r\n${END}{`, 400, 'InvalidRequestException'],
])('%s is refused in AWS’s form, and the server serves on', async (_what, sent, status, errorType) => {
  const { port } = await start();
  const answer = await exchange(port, sent);
  expect(answer.status).toBe(status);
  expect(answer.head).toContain(`x-amzn-ErrorType: ${errorType}`);
  expect(answer.head).toMatch(/x-amzn-RequestId: [0-9a-f-]{36}/);
  expect(JSON.parse(answer.body)).toEqual({ message: expect.any(String) });
  expect((await fetch(`http://127.0.0.1:${port}/jobs`)).status).toBe(200);
});

test('a body over 1 MiB is refused before it is all there', async () => {
  const { port } = await start();
  const head = `PUT /jobs/a HTTP/1.1\r\n${HOST}content-length: 9000000000\r\n${END}`;
  const answer = await exchange(port, head + 'x'.repeat(1024 * 1024 + 1));
  expect(answer.status).toBe(413);
  expect(answer.head).toContain('x-amzn-ErrorType: RequestEntityTooLargeException');
});

test('a query member that came twice counts once, and a list’s member each time', async () => {
  const { port, inputs } = await start();
  await fetch(`http://127.0.0.1:${port}/jobs?maxResults=1&maxResults=x&status=QUEUED`);
  expect(inputs).toEqual([{ maxResults: '1', status: 'QUEUED' }]);
});

test.each([
  ['the control plane', '', 400],
  ['the data plane', DATA, 429],
])('throttling has the status of %s', async (_what, header, status) => {
  const { port } = await start();
  const answer = await exchange(port, `GET /things/throttled/jobs HTTP/1.1\r\n${HOST}${header}${END}`);
  expect(answer.status).toBe(status);
  expect(answer.head).toContain('x-amzn-ErrorType: ThrottlingException');
});

test('a fault of ours is told as InternalFailureException, and nothing of its inside', async () => {
  const { port } = await start();
  const answer = await exchange(port, `GET /jobs/broken HTTP/1.1\r\n${HOST}${END}`);
  expect(answer.status).toBe(500);
  expect(answer.head).toContain('x-amzn-ErrorType: InternalFailureException');
  expect(answer.body).not.toContain('inside');
});

/** A server whose operations answer `{}`, refuse the thing `throttled` and fail on the job `broken`. */
async function start(): Promise<{ port: number; inputs: object[] }> {
  const inputs: object[] = [];
  const run = (_operation: string, input: { jobId?: unknown; thingName?: unknown }) => {
    inputs.push(input);
    if (input.thingName === 'throttled') throw new ControlError('ThrottlingException', 'Rate exceeded');
    if (input.jobId === 'broken') throw new TypeError('inside');
    return {};
  };
  const log = pino({ level: 'silent' });
  const server = await startRestServer({ host: '127.0.0.1', port: 0, log, keyPairs: null, control: run, data: run });
  onTestFinished(() => server.close());
  return { port: server.port, inputs };
}

/** Bytes out, one answer back. */
async function exchange(port: number, sent: string): Promise<{ status: number; head: string; body: string }> {
  const socket = connect(port, '127.0.0.1');
  let text = '';
  socket.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk;
  });
  // The server may hang up on what it refuses.
  socket.on('error', () => undefined);
  const closed = once(socket, 'close');
  socket.write(Buffer.from(sent, 'latin1'));
  await closed;
  const [head = '', body = ''] = text.split('\r\n\r\n');
  return { status: Number(head.split(' ')[1]), head, body };
}
