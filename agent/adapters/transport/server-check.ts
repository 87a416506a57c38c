// One TLS handshake, to learn what is wrong with a server from someone who can say it.

import type { TransportOptions } from '../../ports/transport.ts';
import { ConnectionEnd } from './connection-end.ts';
import { openTlsLink } from './tls-link.ts';

/**
 * Connects, judges the server's certificate as `openTlsLink` does, and leaves again. What the broker thinks of ours it
 * says here only with TLS 1.2. @throws TransportError; whether it throws or not, nothing is left open.
 */
export function checkServer(options: TransportOptions): Promise<void> {
  const link = openTlsLink(options);
  const end = new ConnectionEnd();
  const { socket } = link;
  return new Promise<void>((resolve, reject) => {
    const deadline = setTimeout(() => {
      end.begin(link.explainTimeout());
      socket.destroy();
    }, options.connectTimeoutMs);
    let trusted = false;
    socket.once('secureConnect', () => {
      trusted = true;
      socket.end(() => socket.destroy());
    });
    socket.on('error', (error) => end.begin(link.explain(error)));
    socket.once('close', () => {
      clearTimeout(deadline);
      if (trusted) resolve();
      else reject(end.reason ?? link.explainHangUp());
    });
  });
}
