/** The body of an HTTP request, as both the REST API and the admin API read it. */
import type { IncomingMessage } from 'node:http';
import type { JsonObject } from '../../agent/core/json.ts';
import { isJsonObject } from '../../agent/core/json.ts';
import { ControlError } from '../jobs-service/control-error.ts';

/** A document of 32 KiB, escaped into a JSON string, with a hundred targets beside it, stays well below. */
const MAX_BODY_BYTES = 1024 * 1024;

/** @throws ControlError when it is too large */
export async function readBody(request: IncomingMessage): Promise<Uint8Array> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > MAX_BODY_BYTES) {
      throw new ControlError('RequestEntityTooLargeException', `The body is larger than ${MAX_BODY_BYTES} bytes`);
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** No body means no members: SDKs leave it out where all members are optional. @throws ControlError */
export function parseBody(body: Uint8Array): JsonObject {
  if (body.length === 0) return {};
  let parsed: unknown;
  try {
    parsed = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body));
  } catch {
    throw new ControlError('InvalidRequestException', 'The body is not valid UTF-8 encoded JSON');
  }
  if (!isJsonObject(parsed)) throw new ControlError('InvalidRequestException', 'The body is not a JSON object');
  return parsed;
}
