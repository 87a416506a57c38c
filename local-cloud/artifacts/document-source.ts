/** CreateJob's `documentSource`: the document is read once, when the job is made, from the local store. */
import type { JsonObject } from '../../agent/core/json.ts';
import { ControlError } from '../jobs-service/control-error.ts';
import { isBucketName, isObjectKey, parseEncodedS3Url, type S3Location } from '../substitution/s3-location.ts';
import type { ObjectStore, OpenObject } from './object-store.ts';
import { S3Error } from './s3-error.ts';

/** API model, JobDocument: 32,768 characters. In UTF-8 a character has at most four bytes. */
const MAX_CHARACTERS = 32_768;

/**
 * Reads the document of a request that has a `documentSource`; gives every other request back as it is.
 * @param input of CreateJob or CreateJobTemplate, not yet checked
 * @returns the input with `document` in it
 * @throws ControlError InvalidRequestException, ResourceNotFoundException
 */
export async function resolveDocumentSource(store: ObjectStore, input: JsonObject): Promise<JsonObject> {
  const { documentSource } = input;
  // What is no string is for the model to refuse.
  if (typeof documentSource !== 'string') return input;
  if (input.document !== undefined && input.document !== null) {
    throw invalid('document and documentSource cannot be given together');
  }
  const location = parseSource(documentSource);
  if (!location) throw invalid(`documentSource ${documentSource.slice(0, 100)} is not the URL of an object in S3`);
  const document = await readObject(store, location);
  return { ...input, document };
}

function parseSource(source: string): S3Location | undefined {
  const [, bucket, key] = /^s3:\/\/([^/]+)\/(.+)$/s.exec(source) ?? [];
  if (bucket === undefined || key === undefined) return parseEncodedS3Url(source);
  return isBucketName(bucket) && isObjectKey(key) ? { bucket, key } : undefined;
}

async function readObject(store: ObjectStore, location: S3Location): Promise<string> {
  let object: OpenObject;
  try {
    object = await store.open(location);
  } catch (error) {
    if (!(error instanceof S3Error)) throw error;
    const where = `${location.bucket}/${location.key}`;
    throw new ControlError('ResourceNotFoundException', `The job document ${where} cannot be read: ${error.message}`);
  }
  try {
    const limit = MAX_CHARACTERS * 4;
    const buffer = Buffer.alloc(limit + 1);
    let length = 0;
    for (;;) {
      const { bytesRead } = await object.file.read(buffer, length, buffer.length - length, length);
      if (bytesRead === 0) break;
      length += bytesRead;
    }
    const text = length > limit ? undefined : decodeUtf8(buffer.subarray(0, length));
    if (text === undefined || text.length > MAX_CHARACTERS) {
      throw invalid(`The job document is larger than ${MAX_CHARACTERS} characters`);
    }
    return text;
  } finally {
    await object.file.close();
  }
}

function decodeUtf8(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw invalid('The job document is not valid UTF-8 encoded JSON');
  }
}

function invalid(message: string): ControlError {
  return new ControlError('InvalidRequestException', message);
}
