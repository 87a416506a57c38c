import { expect, test } from 'vitest';
import { type ConnectionFacts, transportErrorOf } from '../../../agent/adapters/transport/error-codes.ts';
import { HOUR_MS } from '../../fixtures/certificates.ts';

const FACTS: ConnectionFacts = { host: 'broker.example', port: 8883, phase: 'handshaking' };
const systemError = (code: string) => Object.assign(new Error(code), { code });

/** As Node.js prints a certificate's dates. */
function certificate(fromHours: number, toHours: number): ConnectionFacts {
  const at = (hours: number) => new Date(Date.now() + hours * HOUR_MS).toUTCString();
  return { ...FACTS, serverCertificate: { validFrom: at(fromHours), validTo: at(toHours) } };
}

test('a chain is blamed where the server certificate is valid', () => {
  const error = transportErrorOf(systemError('CERT_HAS_EXPIRED'), certificate(-1, 1));
  expect(error).toMatchObject({
    code: 'TLS_SERVER_EXPIRED',
    message: expect.stringContaining('or our CA, is not valid'),
  });
});

test('a server certificate of tomorrow is told with its dates', () => {
  const error = transportErrorOf(systemError('CERT_NOT_YET_VALID'), certificate(24, 48));
  expect(error.message).toMatch(/valid from \d{4}-\S+Z to \d{4}-\S+Z; this gateway's clock says \d{4}-\S+Z, which is/);
});

test('a certificate that nobody saw still doubts the clock', () => {
  expect(transportErrorOf(systemError('CERT_NOT_YET_VALID'), FACTS)).toMatchObject({
    code: 'TLS_SERVER_NOT_YET_VALID',
    message: expect.stringContaining('clock says'),
  });
});

test('no name server and no such name are told apart', () => {
  const textOf = (code: string) => transportErrorOf(systemError(code), { ...FACTS, phase: 'resolving' }).message;
  expect(textOf('EAI_AGAIN')).toContain('no name server');
  expect(textOf('ENOTFOUND')).toContain('spelled right');
});
