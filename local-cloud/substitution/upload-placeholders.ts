/** `${aws:iot:s3-presigned-url-upload:URL}`: where a device may put a file, with a key of its own for each execution. */
import { ControlError } from '../jobs-service/control-error.ts';
import { invalidDocument, parsePlaceholders, type Segment, sourceOf } from './placeholders.ts';
import { isBucketName, isObjectKey, splitS3Url } from './s3-location.ts';

export type LocalName = 'thingName' | 'jobId' | 'executionNumber';

export interface UploadTarget {
  readonly bucket: string;
  readonly key: readonly (string | { readonly local: LocalName })[];
}

/** "You can use a max of two of each" (Developer Guide, "Presigned URL for file upload"). */
const MAX_OF_EACH = 2;
/** Without bucket and key AWS makes a key; which bucket it is in is not documented. Here it is one of its own. */
export const GENERATED_UPLOADS_BUCKET = 'iot-job-uploads';
const GENERATED_KEY: UploadTarget['key'] = [
  { local: 'thingName' },
  '/',
  { local: 'jobId' },
  '/',
  { local: 'executionNumber' },
];
const NO_OBJECT = /^(https:\/\/s3(?:[.-][a-z0-9-]+)?\.amazonaws\.com(?:\.cn)?\/?)?$/;

/**
 * @param url what follows `s3-presigned-url-upload:`; unencoded
 * @throws ControlError with the messages of "Software Package Catalog Troubleshooting"
 */
export function readUploadPlaceholder(url: string): UploadTarget {
  if (NO_OBJECT.test(url)) return { bucket: GENERATED_UPLOADS_BUCKET, key: GENERATED_KEY };
  const split = splitS3Url(url);
  if (!split) throw new ControlError('InvalidRequestException', 'Provided argument for presigned url is invalid');
  if (split.bucket.includes('${')) {
    throw invalidDocument('S3 bucket name in presigned url upload is not allowed to contain any placeholders');
  }
  if (!isBucketName(split.bucket)) {
    throw new ControlError('InvalidRequestException', 'Given S3 bucket name is invalid.');
  }
  if (!isObjectKey(split.key)) {
    throw new ControlError('InvalidRequestException', 'Provided argument for presigned url is invalid');
  }
  const key = parsePlaceholders(split.key).map(readKeyPart);
  for (const name of ['thingName', 'jobId', 'executionNumber'] as const) {
    const count = key.filter((part) => typeof part !== 'string' && part.local === name).length;
    if (count > MAX_OF_EACH) {
      throw invalidDocument(
        `The occurrence of local placeholder \${${name}} within S3 presigned url upload placeholder exceeds limit of ${MAX_OF_EACH}.`,
      );
    }
  }
  return { bucket: split.bucket, key };
}

function readKeyPart(segment: Segment): UploadTarget['key'][number] {
  if (typeof segment === 'string') return segment;
  const name = sourceOf(segment.content);
  if (name === 'thingName' || name === 'jobId' || name === 'executionNumber') return { local: name };
  if (name.startsWith('aws:'))
    throw invalidDocument(`\${${name.slice(0, 40)}[...]} should not be the second layer pattern.`);
  throw invalidDocument(`Undefined placeholder, \${${name}}, inside of presign url upload parameter`);
}
