import { expect, test } from 'vitest';
import { parseArguments, UsageError } from '../../../local-cloud/arguments.ts';

test.each([
  [['--broker', 'mqtt://b'], { host: 'b', port: 1883, tls: undefined }],
  [['--broker', 'mqtts://b'], { host: 'b', port: 8883, tls: {} }],
  [['--broker', 'mqtt://[::1]:1884/'], { host: '::1', port: 1884 }],
  [['--broker', 'mqtt://me:p%40ss%2Fword@b:1'], { host: 'b', port: 1, username: 'me', password: 'p@ss/word' }],
  [
    ['--broker', 'mqtts://b', '--broker-ca', 'ca', '--broker-cert', 'c', '--broker-key', 'k'],
    { tls: { caFile: 'ca', certFile: 'c', keyFile: 'k' } },
  ],
])('%j is understood', (argv, broker) => {
  expect(parseArguments(argv)).toMatchObject({ broker });
});

test('without --broker there is none', () => {
  expect(parseArguments([])).toMatchObject({ broker: undefined });
});

test.each([
  [['--broker', 'b:1883:x y'], 'a URL like mqtt://'],
  [['--broker', 'secret:u@b'], 'a URL like mqtt://'],
  [['--broker', 'http://b'], 'a URL like mqtt://'],
  [['--broker', 'mqtt://'], 'host name is needed'],
  [['--broker', 'mqtt://u:secret@b/topic'], 'nothing may follow host and port'],
  [['--broker', 'mqtt://u:%E0%A4@b'], 'percent-encoded'],
  [['--broker', 'mqtt://b', '--broker-ca', 'ca'], 'need a --broker that begins with mqtts:'],
  [['--broker', 'mqtts://b', '--broker-cert', 'c'], 'need each other'],
  [['--broker-ca', 'ca'], 'go with --broker'],
])('%j is refused, and no password is repeated', (argv, reason) => {
  const parse = () => parseArguments(argv);
  expect(parse).toThrow(UsageError);
  expect(parse).toThrow(reason);
  expect(parse).not.toThrow('secret');
});
