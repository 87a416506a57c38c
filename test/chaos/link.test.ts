import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { openLink } from './link.ts';

/** A server that says back what it hears, behind a link. */
async function startEcho(breaksAfterBytes: number | null = null) {
  const server = createServer((socket) => socket.on('error', () => undefined).pipe(socket)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const link = await openLink({ targetPort: () => port, breaksAfterBytes: () => breaksAfterBytes });
  onTestFinished(async () => {
    await link.close();
    server.close();
  });
  return link;
}

async function connected(port: number): Promise<Socket> {
  const socket = connect(port, '127.0.0.1');
  await once(socket, 'connect');
  onTestFinished(() => void socket.destroy());
  return socket;
}

async function echoOf(socket: Socket, text: string): Promise<string> {
  socket.write(text);
  const [chunk] = (await once(socket, 'data')) as [Buffer];
  return chunk.toString();
}

test('a link passes what it is given', async () => {
  const { port } = await startEcho();
  expect(await echoOf(await connected(port), 'hello')).toBe('hello');
});

test('a cut by a reset is an error to the client', async () => {
  const link = await startEcho();
  const socket = await connected(link.port);
  await echoOf(socket, 'hello');
  link.cut('reset');
  const [error] = (await once(socket, 'error')) as [NodeJS.ErrnoException];
  expect(error.code).toBe('ECONNRESET');
});

test('a cut in order ends the connection, and a new one is well', async () => {
  const link = await startEcho();
  const socket = await connected(link.port);
  await echoOf(socket, 'hello');
  link.cut('end');
  await once(socket, 'end');
  expect(await echoOf(await connected(link.port), 'again')).toBe('again');
});

test('a frozen connection stays silent while a new one speaks', async () => {
  const link = await startEcho();
  const frozen = await connected(link.port);
  await echoOf(frozen, 'hello');
  link.freeze();
  let heard = '';
  frozen.on('data', (chunk) => {
    heard += chunk;
  });
  frozen.write('lost');
  expect(await echoOf(await connected(link.port), 'again')).toBe('again');
  expect(heard).toBe('');
});

test('a connection breaks after the bytes it is given', async () => {
  const { port } = await startEcho(8);
  const socket = await connected(port);
  expect(await echoOf(socket, '12345678')).toBe('12345678');
  const closed = once(
    socket.on('error', () => undefined),
    'close',
  ); // or its end, where the byte was read first
  socket.write('9');
  await closed;
});
