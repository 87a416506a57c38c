/** An HTTP or HTTPS server that listens, answers what is no HTTP in AWS's form, and closes with all its connections. */
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import type { Server as HttpServer, IncomingMessage, ServerResponse } from 'node:http';
import type { Server as HttpsServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Logger } from 'pino';

export interface HttpListener {
  readonly port: number;
  close(): Promise<void>;
}

/** Statuses for what Node's parser refuses before there is a request; everything else is 400. */
const REFUSED_BEFORE_PARSED: Readonly<Record<string, readonly [number, string]>> = {
  HPE_HEADER_OVERFLOW: [431, 'Request Header Fields Too Large'],
  HPE_CHUNK_EXTENSIONS_OVERFLOW: [413, 'Payload Too Large'],
  ERR_HTTP_REQUEST_TIMEOUT: [408, 'Request Timeout'],
};

/** Resolves when the server listens. */
export async function listenHttp(
  server: HttpServer | HttpsServer,
  address: { readonly host: string; readonly port: number },
  on: {
    readonly log: Logger;
    /** Its failure ends the connection; it is expected to answer whatever comes. */
    request(request: IncomingMessage, response: ServerResponse): Promise<void>;
  },
): Promise<HttpListener> {
  /** Connections of whatever state: one that never finishes its TLS handshake must not hold up `close`. */
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  server.on('request', (request, response) => {
    on.request(request, response).catch((err: unknown) => {
      on.log.error({ err }, 'answering an HTTP request failed');
      response.destroy();
    });
  });
  server.on('clientError', (err: NodeJS.ErrnoException, socket: Duplex) => {
    on.log.debug({ err }, 'what came was no HTTP request');
    refuseUnparsed(err, socket);
  });
  server.listen(address.port, address.host);
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    close: async () => {
      const closed = once(server, 'close');
      server.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

function refuseUnparsed(err: NodeJS.ErrnoException, socket: Duplex): void {
  if (err.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const [status, phrase] = REFUSED_BEFORE_PARSED[err.code ?? ''] ?? [400, 'Bad Request'];
  const body = JSON.stringify({ message: phrase });
  socket.end(
    [
      `HTTP/1.1 ${status} ${phrase}`,
      `x-amzn-RequestId: ${randomUUID()}`,
      'x-amzn-ErrorType: InvalidRequestException',
      'content-type: application/json',
      `content-length: ${Buffer.byteLength(body)}`,
      'connection: close',
      '',
      body,
    ].join('\r\n'),
  );
}
