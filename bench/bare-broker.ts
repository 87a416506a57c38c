/**
 * An aedes broker behind the same mutual TLS and nothing more: no permissions, no Jobs. What `job-cloud` is measured
 * beside. A program of its own, because the clients of a measurement must not share its processor.
 */
import { readFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:tls';
import { Aedes } from 'aedes';
import { issueServerCertificate } from '../local-cloud/identity/certificates.ts';

/** Prints its port on one line of stdout. @param dataDir of a `job-cloud`, whose CA signed the clients' certificates. */
export async function runBareBroker(dataDir: string): Promise<void> {
  const authority = {
    certPem: readFileSync(`${dataDir}/ca.pem`, 'utf8'),
    keyPem: readFileSync(`${dataDir}/ca.key`, 'utf8'),
  };
  const { certPem, keyPem } = await issueServerCertificate(authority, ['localhost', '127.0.0.1']);
  const aedes = await Aedes.createBroker();
  const tls = { cert: certPem, key: keyPem, ca: authority.certPem, requestCert: true, noDelay: true };
  const server = createServer(tls, (socket) => {
    socket.on('error', () => undefined);
    aedes.handle(socket);
  });
  server.listen(0, '127.0.0.1', () => process.stdout.write(`${(server.address() as AddressInfo).port}\n`));
}
