/**
 * Job documents: what came from the cloud, parsed once into a plan, or refused with where and why. Formats are told
 * apart by shape. Whatever `JSON.parse` can make of a message, this answers and does not throw (I7).
 */
import { readDeviceClientDocument } from './device-client-document.ts';
import { findHazard } from './document-safety.ts';
import type { DocumentFormat, DocumentRejection, JobPlan } from './job-plan.ts';
import { isJsonObject, type JsonObject, type JsonValue, ownMember } from './json.ts';
import { type JsonPlace, readObject, rootPlace } from './json-place.ts';
import { readManagedTemplate } from './managed-template-document.ts';
import { readNativeDocument } from './native-document.ts';
import { isSdkV1Document, readSdkV1Document } from './sdk-v1-document.ts';

export type ParsedJobDocument =
  | { readonly ok: true; readonly plan: JobPlan }
  | { readonly ok: false; readonly rejection: DocumentRejection };

/** @param document undefined where an execution came without one. */
export function parseJobDocument(document: JsonValue | undefined): ParsedJobDocument {
  if (document === undefined)
    return { ok: false, rejection: { pointer: '', reason: 'expected a job document, got nothing' } };
  const hazard = findHazard(document);
  if (hazard !== undefined) return { ok: false, rejection: hazard };
  const place = rootPlace(document);
  const plan = READERS[documentFormat(readObject(place))](place);
  const [rejection] = place.problems;
  return rejection === undefined ? { ok: true, plan } : { ok: false, rejection };
}

const READERS: Readonly<Record<DocumentFormat, (document: JsonPlace) => JobPlan>> = {
  native: readNativeDocument,
  'managed-template': readManagedTemplate,
  'device-client': readDeviceClientDocument,
  'sdk-v1': readSdkV1Document,
};

/** Members that only the Device Client's older format has; `{"operation": "x"}` alone is native. */
const DEVICE_CLIENT_MEMBERS: readonly string[] = ['args', 'path', 'allowStdErr'];

/** What looks like none of them is native, whose reader says which members it knows. */
function documentFormat(document: JsonObject): DocumentFormat {
  const has = (name: string) => ownMember(document, name) !== undefined;
  if (has('version') || hasActions(ownMember(document, 'steps'))) return 'managed-template';
  if (has('steps') || has('parameters')) return 'native';
  if (has('operation') && DEVICE_CLIENT_MEMBERS.some(has)) return 'device-client';
  return isSdkV1Document(ownMember(document, 'operation'), has) ? 'sdk-v1' : 'native';
}

function hasActions(steps: JsonValue | undefined): boolean {
  return Array.isArray(steps) && steps.some((step) => isJsonObject(step) && ownMember(step, 'action') !== undefined);
}
