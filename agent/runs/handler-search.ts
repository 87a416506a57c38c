/**
 * Which handler does an operation: built in, or a file in `handlersDir`. Files are looked for each time, so that one that
 * came, went or changed counts at once.
 *
 * What is built in wins over a file of the same name: a document is written for the operation that the reference
 * describes, and must mean the same on every gateway. A template names a file, and there the file wins (see
 * `step-resolver.ts`). Two files that could be meant by one name are refused both: which of them an upload forgot to
 * remove, nobody here knows.
 */
import { lstat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Opening } from '../files/openings.ts';
import type { JobHandler } from '../handler-api.ts';
import { findHandlerFile, type HandlerFolders } from './handler-file.ts';
import { MANIFEST_SUFFIX } from './handler-manifest.ts';
import type { HandlerRegistry } from './handler-registry.ts';
import { type CheckedManifest, type ManifestFile, NO_MANIFEST, type ReadManifest } from './manifest-file.ts';

export type FoundHandler =
  | { readonly kind: 'built-in'; readonly handler: JobHandler }
  | FoundExecutable
  | { readonly kind: 'absent' }
  | RefusedHandler;

export interface FoundExecutable {
  readonly kind: 'executable';
  readonly path: string;
  readonly manifest: CheckedManifest;
  /** Null: there is none. */
  readonly manifestPath: string | null;
  /** Groups that could put another file in the place of one of these. */
  readonly openings: readonly Opening[];
}

export interface RefusedHandler {
  readonly kind: 'refused';
  readonly reasonCode: string;
  readonly reason: string;
}

export interface HandlerSearch {
  /** What does the operation of a native document. */
  operation(name: string): Promise<FoundHandler>;
  /** The file that a template or an AWS IoT Device Client's document means. @param folder empty means `handlersDir`. */
  script(name: string, folder: string): Promise<FoundExecutable | { readonly kind: 'absent' } | RefusedHandler>;
  /** The file that would do a built-in operation, were it not built in. */
  shadowed(operation: string): Promise<string | undefined>;
}

export interface HandlerSearchOptions {
  readonly registry: HandlerRegistry;
  readonly readManifest: ReadManifest;
  readonly folders: HandlerFolders;
}

export function createHandlerSearch({ registry, readManifest, folders }: HandlerSearchOptions): HandlerSearch {
  async function script(name: string, folder: string): ReturnType<HandlerSearch['script']> {
    if (name.endsWith(MANIFEST_SUFFIX)) return { kind: 'absent' };
    const file = await findHandlerFile({ name, folder, isProgram: true }, folders);
    if (file.kind !== 'found') return file;
    const manifest = await readManifest({ name, folder, isModule: false });
    if (manifest.kind === 'refused') return manifest;
    const { path } = file;
    return { kind: 'executable', path, ...manifestPart(manifest, file.openings) };
  }

  return {
    async operation(name) {
      const handler = registry.find(name);
      return handler === undefined ? script(name, '') : { kind: 'built-in', handler };
    },
    script,
    async shadowed(operation) {
      const path = join(folders.handlersDir, operation);
      return (await isThere(path)) ? path : undefined;
    },
  };
}

function manifestPart(file: Exclude<ManifestFile, { kind: 'refused' }>, openings: readonly Opening[]) {
  if (file.kind === 'absent') return { manifest: NO_MANIFEST, manifestPath: null, openings };
  return { manifest: file, manifestPath: file.path, openings: [...openings, ...file.openings] };
}

function isThere(path: string): Promise<boolean> {
  return lstat(path).then(
    () => true,
    () => false,
  );
}
