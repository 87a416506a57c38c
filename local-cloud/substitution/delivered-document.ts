/**
 * The document as one execution's device gets it. URLs are signed anew each time ("Presigned Amazon S3 URLs are ...
 * generated when a device requests the job document", Developer Guide, "Managing jobs"), and are valid from then.
 */
import type { JsonObject } from '../../agent/core/json.ts';
import { withText } from '../jobs-service/encode-message.ts';
import type { Execution } from '../jobs-service/state.ts';
import type { DocumentPart, DocumentPlan } from './document-plan.ts';
import type { LocalName, UploadTarget } from './upload-placeholders.ts';

export interface PresignRequest {
  readonly method: 'GET' | 'PUT';
  readonly bucket: string;
  readonly key: string;
  readonly versionId?: string;
  readonly expiresInSec: number;
  /** When it was signed; it expires from then. */
  readonly nowMs: number;
}

/** @returns the URL. */
export type Presign = (request: PresignRequest) => string;

/** How a job's document is made for each device. */
export interface DocumentDelivery extends DocumentPlan {
  /** The state's own: whoever restores a job from disk gives it this again. */
  readonly presign: Presign;
}

/** API model, PresignedUrlConfig: "the default value is 3600 seconds". */
const DEFAULT_EXPIRY_SECONDS = 3600;

/** @returns JSON. The text the job was created with, where it has no placeholder. */
export function renderDocument(execution: Execution, nowMs: number): string {
  const { job } = execution;
  if (!job.delivery) return job.documentText;
  const { parts, presign } = job.delivery;
  const expiresInSec = job.presignedUrlConfig?.expiresInSec ?? DEFAULT_EXPIRY_SECONDS;
  return parts.map((part) => renderPart(part, execution, { presign, expiresInSec, nowMs })).join('');
}

/** The same as an object that `encodeMessage` writes as exactly that text. */
export function deliveredDocument(execution: Execution, nowMs: number): JsonObject {
  const { job } = execution;
  if (!job.delivery) return job.document;
  const text = renderDocument(execution, nowMs);
  return withText(JSON.parse(text), text);
}

function renderPart(
  part: DocumentPart,
  execution: Execution,
  signing: { readonly presign: Presign; readonly expiresInSec: number; readonly nowMs: number },
): string {
  if (typeof part === 'string') return part;
  const { presign, expiresInSec, nowMs } = signing;
  const { presign: method, bucket } = part;
  const key = part.presign === 'PUT' ? uploadKey(part.key, execution) : part.key;
  const version = part.presign === 'GET' && part.versionId !== undefined ? { versionId: part.versionId } : {};
  const url = presign({ method, bucket, key, ...version, expiresInSec, nowMs });
  return JSON.stringify(url).slice(1, -1);
}

function uploadKey(key: UploadTarget['key'], execution: Execution): string {
  const values: Readonly<Record<LocalName, string>> = {
    thingName: execution.thing.thingName,
    jobId: execution.job.jobId,
    executionNumber: String(execution.executionNumber),
  };
  return key.map((part) => (typeof part === 'string' ? part : values[part.local])).join('');
}
