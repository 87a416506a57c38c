/**
 * What becomes of a job document's placeholders. At CreateJob the document is read once: package versions are looked up,
 * every mistake is told, and what is left is a plan of texts and of URLs to sign each time a device gets the document
 * (Developer Guide, "Create and manage jobs", "Preparing AWS IoT Jobs" and "Software Package Catalog Troubleshooting").
 */
import { isJsonObject } from '../../agent/core/json.ts';
import { ControlError } from '../jobs-service/control-error.ts';
import type { PackageCatalog } from '../packages/catalog-state.ts';
import type { DestinationPackage } from '../packages/destination-packages.ts';
import { readPackagePlaceholder } from './package-placeholders.ts';
import { invalidDocument, parsePlaceholders, rewriteStrings, type Segment, sourceOf } from './placeholders.ts';
import { parseEncodedS3Url, parsePlainS3Url, type S3Location } from './s3-location.ts';
import { type LocalName, readUploadPlaceholder, type UploadTarget } from './upload-placeholders.ts';

/** What AWS documents of substitution without a number that is sure today, or not at all. */
export interface SubstitutionRules {
  /** "AWS IoT limits" of 2019 had 10, when pre-signed URLs were all there was: they alone count. Infinity: no limit. */
  readonly maxPresignedUrls: number;
  /** What is done with `${aws:iot:...}` that is none of AWS's placeholders; AWS does not say. */
  readonly unknownPlaceholders: 'refused' | 'kept';
}

export const DEFAULT_SUBSTITUTION_RULES: SubstitutionRules = { maxPresignedUrls: 10, unknownPlaceholders: 'refused' };

/** A piece of JSON text, or a URL that is signed when a device gets the document. */
export type DocumentPart =
  | string
  | ({ readonly presign: 'GET' } & S3Location)
  | { readonly presign: 'PUT'; readonly bucket: string; readonly key: UploadTarget['key'] };

export interface DocumentPlan {
  /** With package attributes in place and pre-signed URLs not: what GetJobDocument shows. */
  readonly text: string;
  readonly parts: readonly DocumentPart[];
}

export interface PlanContext {
  readonly rules: SubstitutionRules;
  readonly catalog: PackageCatalog;
  readonly destinationPackages: readonly DestinationPackage[];
  /** Whether the job has `presignedUrlConfig.roleArn`. */
  readonly hasRole: boolean;
}

const ALL_ATTRIBUTES_ALONE =
  'The package version attribute placeholder for all attributes has to be a json value by itself and not appended with other strings or nested with other placeholders.';

/** Where in a string a placeholder stands. */
export type PlaceholderPlace = 'document' | 'download-url' | 'other';

/** A string's value: text, or a URL to sign with the placeholder it stands for. */
type Piece = string | { readonly part: Exclude<DocumentPart, string>; readonly source: string };

/**
 * Undefined for a document that has no placeholder: it goes out as the very text it was created with.
 * @param documentText a JSON object
 * @throws ControlError InvalidJobDocumentException, InvalidRequestException
 */
export function planDocument(documentText: string, context: PlanContext): DocumentPlan | undefined {
  const parts: DocumentPart[] = [];
  let urls = 0;
  let at = 0;
  let text = '';
  rewriteStrings(documentText, (value, literal, offset) => {
    const segments = parsePlaceholders(value);
    const written = readString(segments, context);
    if (!written) return undefined;
    const before = documentText.slice(at, offset);
    at = offset + literal.length;
    urls += written.parts.filter((part) => typeof part !== 'string').length;
    parts.push(before, ...written.parts);
    text += before + written.text;
    return undefined;
  });
  if (at === 0) return undefined;
  const rest = documentText.slice(at);
  if (urls > context.rules.maxPresignedUrls) {
    const message = `The job document has ${urls} pre-signed URLs, more than ${context.rules.maxPresignedUrls}.`;
    throw new ControlError('InvalidRequestException', message);
  }
  return { text: checkedJson(text + rest), parts: joinTexts([...parts, rest]) };
}

/** The parts of one string with its quotes, or undefined when nothing in it is replaced. */
function readString(segments: readonly Segment[], context: PlanContext): DocumentPlan | undefined {
  const [only, ...more] = segments;
  if (typeof only === 'object' && more.length === 0) {
    const whole = readPackagePlaceholder(sourceOf(only.content), { context, place: 'document' });
    if (whole?.kind === 'attributes') {
      const json = JSON.stringify(whole.attributes);
      return { text: json, parts: [json] };
    }
  }
  const pieces = segments.flatMap((segment) => readSegment(segment, 'document', context));
  const text = pieces.map((piece) => (typeof piece === 'string' ? piece : piece.source)).join('');
  if (text === sourceOf(segments) && pieces.every((piece) => typeof piece === 'string')) return undefined;
  const escaped = pieces.map((piece) => (typeof piece === 'string' ? jsonEscaped(piece) : piece.part));
  return { text: JSON.stringify(text), parts: ['"', ...escaped, '"'] };
}

function readSegment(segment: Segment, place: PlaceholderPlace, context: PlanContext): Piece[] {
  if (typeof segment === 'string') return [segment];
  const source = sourceOf(segment.content);
  const [, version = '', rest] = /^aws:iot:s3-presigned-url(-upload|-v1|-v2)?:?(.*)$/s.exec(source) ?? [];
  if (rest !== undefined) {
    if (place !== 'document') {
      throw invalidDocument(`\${aws:iot:s3-presigned-url${version}[...]} should not be the second layer pattern.`);
    }
    requireRole(context, '');
    return version === '-upload' ? [uploadPiece(rest, source)] : [downloadPiece(segment.content, version, context)];
  }
  const found = readPackagePlaceholder(source, { context, place });
  if (found?.kind === 'attribute') return [found.value];
  if (found?.kind === 'attributes') throw invalidDocument(ALL_ATTRIBUTES_ALONE);
  if (found?.kind === 'artifact') {
    requireRole(context, ` for package ${found.packageName} version ${found.versionName} artifact`);
    return [{ part: { presign: 'GET', ...found.location }, source: `\${${source}}` }];
  }
  if (place === 'download-url' && isLocalName(source)) {
    throw invalidDocument(`Local placeholder, \${${source}}, is only valid inside of presign url upload`);
  }
  if (source.startsWith('aws:iot:') && context.rules.unknownPlaceholders === 'refused') {
    throw invalidDocument(`Undefined placeholder, \${${source}}`);
  }
  // A shell's variable, for instance. What it has inside is read all the same.
  const inner = segment.content.flatMap((part) => readSegment(part, 'other', context));
  return ['${', ...inner, '}'];
}

/** The URL may come from a package's attribute: one layer of nesting. */
function downloadPiece(content: readonly Segment[], version: string, context: PlanContext): Piece {
  const inner = content.flatMap((segment) => readSegment(segment, 'download-url', context));
  const source = inner.filter((piece) => typeof piece === 'string').join('');
  const url = source.replace(/^aws:iot:s3-presigned-url(-v1|-v2)?:/, '');
  const location = version === '-v2' ? parseEncodedS3Url(url) : parsePlainS3Url(url);
  if (!location) throw new ControlError('InvalidRequestException', 'Provided argument for presigned url is invalid');
  return { part: { presign: 'GET', ...location }, source: `\${${source}}` };
}

function uploadPiece(url: string, source: string): Piece {
  return { part: { presign: 'PUT', ...readUploadPlaceholder(url) }, source: `\${${source}}` };
}

function requireRole({ hasRole }: PlanContext, forWhat: string): void {
  if (hasRole) return;
  const message = `presignedUrlConfig role ARN is required to generate an S3 presigned url in job document${forWhat}.`;
  throw new ControlError('InvalidRequestException', message);
}

const LOCAL_NAMES: readonly LocalName[] = ['thingName', 'jobId', 'executionNumber'];

function isLocalName(name: string): boolean {
  return LOCAL_NAMES.some((known) => known === name);
}

/** Attributes in the place of a member's name would make no JSON. */
function checkedJson(text: string): string {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    parsed = undefined;
  }
  if (!isJsonObject(parsed)) throw invalidDocument('The job document is no JSON object after substitution.');
  return text;
}

function joinTexts(parts: readonly DocumentPart[]): DocumentPart[] {
  const joined: DocumentPart[] = [];
  for (const part of parts) {
    const last = joined.at(-1);
    if (typeof part === 'string' && typeof last === 'string') joined[joined.length - 1] = last + part;
    else joined.push(part);
  }
  return joined;
}

/** As it stands between the quotes of a JSON string. */
function jsonEscaped(text: string): string {
  return JSON.stringify(text).slice(1, -1);
}
