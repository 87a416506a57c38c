import { connect } from 'node:net';
import { expect, test } from 'vitest';
import { connectionProblem } from '../../agent/handler-tools/connection-problem.ts';

const errorOf = (host: string, port: number) =>
  new Promise<Error>((resolve) => void connect({ host, port, autoSelectFamily: false }).on('error', resolve));

test('a closed port is told with its place', async () => {
  expect(connectionProblem(await errorOf('127.0.0.1', 1))).toBe('127.0.0.1 port 1 takes no connections (ECONNREFUSED)');
});

test('a name that nobody has is told, or that nobody could be asked', async () => {
  expect(connectionProblem(await errorOf('no-such-host.invalid', 1))).toMatch(
    /^(there is no host of the name|no name server answered when it was asked for) no-such-host\.invalid \((ENOTFOUND|EAI_AGAIN)\)$/,
  );
});

test('where the system does not say the place, the server is meant', () => {
  const broken = Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' });
  expect(connectionProblem(broken)).toBe('the connection to the server broke (ECONNRESET)');
  const none = Object.assign(new AggregateError([]), { code: 'ETIMEDOUT' });
  expect(connectionProblem(none)).toBe('the server did not answer in time (ETIMEDOUT)');
});

test('what is no trouble of a connection keeps its message', () => {
  expect(connectionProblem(new Error('certificate has expired'))).toBe('certificate has expired');
});
