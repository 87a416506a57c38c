/** One request to the artifact store of a cloud, as a device makes it: over TLS, trusting the local CA alone. */
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { request } from 'node:https';
import type { JobCloud } from '../../../local-cloud/job-cloud.ts';

export interface StoreRequest {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array | string;
}

export interface StoreAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
  /** The Code of S3's error, where it is one. */
  readonly code: string | undefined;
}

export async function askStore(cloud: JobCloud, url: string, asked: StoreRequest = {}): Promise<StoreAnswer> {
  const { method = 'GET', headers = {}, body } = asked;
  const ca = await readFile(cloud.caPath);
  const length = body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) };
  // The path as it is in the URL: `new URL` would take `..` out of it.
  const [, host = '', port = '', path = ''] = /^https:\/\/([^:/]+):(\d+)(.*)$/s.exec(url) ?? [];
  const sent = request({ ca, host, port, path, method, headers: { ...length, ...headers }, agent: false });
  sent.end(body);
  const [response] = (await once(sent, 'response')) as [IncomingMessage];
  const chunks: Buffer[] = [];
  for await (const chunk of response as AsyncIterable<Buffer>) chunks.push(chunk);
  const received = Buffer.concat(chunks);
  const code = /^<\?xml [^>]*>\n<Error><Code>(\w+)<\/Code>/.exec(received.toString('utf8'))?.[1];
  return { status: response.statusCode ?? 0, headers: response.headers, body: received, code };
}
