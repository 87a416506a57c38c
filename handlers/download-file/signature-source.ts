/** Where the signature of a file comes from: the document, or a file beside it on the server. */
import type { HandlerContext } from '../../agent/handler-api.ts';
import { fetchResponse, limitTime, shownUrl } from './fetch-response.ts';
import type { DownloadFileParameters } from './parameters.ts';
import { parseSignature, type Signature, signatureInvalid } from './signature.ts';

export interface SignatureSource {
  /** @returns nothing where none was asked for. @throws DownloadError, or the system's error; later calls try again. */
  load(): Promise<Signature | undefined>;
}

/** One of minisign has some 300 bytes and a comment. */
const MAX_SIGNATURE_BYTES = 8192;

export function createSignatureSource(
  { facts, signal }: HandlerContext,
  { signature, signatureUrl }: DownloadFileParameters,
  stallMs: number,
): SignatureSource {
  let loaded: Signature | undefined;
  return {
    async load() {
      if (loaded !== undefined) return loaded;
      if (signature !== undefined) loaded = parsed('the signature', Buffer.from(signature));
      else if (signatureUrl !== undefined) {
        const content = await readFrom(signatureUrl, async () => {
          const response = await fetchResponse(signatureUrl, { facts, signal, stallMs });
          limitTime(new URL(signatureUrl), response, stallMs);
          return response;
        });
        loaded = parsed(shownUrl(new URL(signatureUrl)), content);
      }
      return loaded;
    },
  };
}

async function readFrom(url: string, open: () => ReturnType<typeof fetchResponse>): Promise<Buffer> {
  const response = await open();
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > MAX_SIGNATURE_BYTES) throw signatureInvalid(`${shownUrl(new URL(url))} is too large for a signature`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function parsed(what: string, content: Buffer): Signature {
  const signature = parseSignature(content);
  if (typeof signature === 'string') throw signatureInvalid(`${what}: ${signature}`);
  return signature;
}
