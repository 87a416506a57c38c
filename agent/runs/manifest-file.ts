/**
 * The manifest beside a handler, read anew each time it is asked for: it may change without a restart. A schema is
 * compiled once for each content, as long as it is among the last that were used.
 */
import { createHash } from 'node:crypto';
import { findJsonMistake } from '../config/json-mistake.ts';
import type { JsonValue } from '../core/json.ts';
import type { Opening } from '../files/openings.ts';
import { readSmallFile } from '../files/small-file.ts';
import type { CompileSchema, SchemaCheck } from '../ports/schema-check.ts';
import { findHandlerFile, type HandlerFolders } from './handler-file.ts';
import { HANDLER_MANIFEST_SCHEMA, type HandlerManifest, MANIFEST_SUFFIX, manifestFault } from './handler-manifest.ts';

export type ManifestFile =
  | { readonly kind: 'absent' }
  | ({ readonly kind: 'found'; readonly path: string; readonly openings: readonly Opening[] } & CheckedManifest)
  /** `reason` names the file and the place in it. */
  | { readonly kind: 'refused'; readonly reasonCode: 'HANDLER_MANIFEST_INVALID'; readonly reason: string };

export interface CheckedManifest {
  readonly manifest: HandlerManifest;
  /** Of the parameters; undefined where the manifest says nothing of them. */
  readonly checkParameters: SchemaCheck | undefined;
}

export interface ManifestRequest {
  /** Of the handler: the operation, or the file name of an executable. */
  readonly name: string;
  /** As for the handler. */
  readonly folder: string;
  readonly isModule: boolean;
}

export type ReadManifest = (request: ManifestRequest) => Promise<ManifestFile>;

export const NO_MANIFEST: CheckedManifest = { manifest: {}, checkParameters: undefined };

/** A schema for a handler's parameters is some hundred lines; a job document has 32 KiB at most. */
const MAX_BYTES = 64 * 1024;
/** Of contents that are kept compiled: more than a gateway has handlers. */
const MAX_KEPT = 64;

export function createManifestReader(folders: HandlerFolders, compileSchema: CompileSchema): ReadManifest {
  let checkManifest: SchemaCheck | undefined; // compiled when a first manifest is there: most gateways have none
  const kept = new Map<string, CheckedManifest>();

  /** @throws Error with the place in the manifest. */
  function check(text: string, isModule: boolean): CheckedManifest {
    const key = createHash('sha256').update(`${isModule}\n${text}`).digest('base64');
    const checked = kept.get(key) ?? checkText(text, isModule);
    kept.delete(key); // and to the end: the first is the one that was not used longest
    kept.set(key, checked);
    for (const oldest of kept.keys()) {
      if (kept.size <= MAX_KEPT) break;
      kept.delete(oldest);
    }
    return checked;
  }

  function checkText(text: string, isModule: boolean): CheckedManifest {
    const value = parseJson(text);
    checkManifest ??= compileSchema(HANDLER_MANIFEST_SCHEMA);
    const misfit = checkManifest(value);
    if (misfit !== undefined) throw new Error(`${misfit.pointer} ${misfit.reason}`.trimStart());
    const manifest = value as HandlerManifest;
    const fault = manifestFault(manifest, isModule);
    if (fault !== undefined) throw new Error(`${fault.pointer} ${fault.reason}`);
    return { manifest, checkParameters: compileParameters(manifest) };
  }

  function compileParameters({ parameters }: HandlerManifest): SchemaCheck | undefined {
    if (parameters === undefined) return undefined;
    try {
      return compileSchema(parameters, 'file');
    } catch (error) {
      throw new Error(`/parameters is no schema that the agent can use: ${(error as Error).message}`);
    }
  }

  return async ({ name, folder, isModule }) => {
    const file = await findHandlerFile({ name: name + MANIFEST_SUFFIX, folder, isProgram: false }, folders);
    if (file.kind === 'absent') return file;
    if (file.kind === 'refused') return refused(file.reason);
    try {
      const checked = check(await readSmallFile(file.path, MAX_BYTES), isModule);
      return { kind: 'found', path: file.path, openings: file.openings, ...checked };
    } catch (error) {
      return refused(`${file.path}: ${(error as Error).message}`);
    }
  };
}

function refused(reason: string): ManifestFile {
  return { kind: 'refused', reasonCode: 'HANDLER_MANIFEST_INVALID', reason };
}

/** @throws Error with line and column. */
function parseJson(text: string): JsonValue {
  try {
    return JSON.parse(text) as JsonValue;
  } catch (error) {
    const mistake = findJsonMistake(text);
    if (mistake === undefined) throw error;
    const { line, column, expected, found } = mistake;
    throw new Error(`line ${line}, column ${column}: expected ${expected}, got ${found}`);
  }
}
