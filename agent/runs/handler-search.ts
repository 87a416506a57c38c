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
import { findHandlerFile, type HandlerFile, type HandlerFolders, isExecutable } from './handler-file.ts';
import { MANIFEST_SUFFIX } from './handler-manifest.ts';
import { MODULE_SUFFIX } from './handler-names.ts';
import { type HandlerRegistry, OPERATION_NAME } from './handler-registry.ts';
import { type CheckedManifest, type ManifestFile, NO_MANIFEST, type ReadManifest } from './manifest-file.ts';
import type { NotAsked } from './module-asker.ts';
import type { CheckedDeclaration } from './module-declaration.ts';
import type { DescribeModule } from './module-describer.ts';

export type FoundHandler =
  | { readonly kind: 'built-in'; readonly handler: JobHandler }
  | FoundExecutable
  | FoundModule
  | { readonly kind: 'absent' }
  | RefusedHandler
  | NotAsked;

export interface FoundExecutable extends FoundFile {
  readonly kind: 'executable';
}

export interface FoundModule extends FoundFile, CheckedDeclaration {
  readonly kind: 'es-module';
}

interface FoundFile {
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
  readonly describeModule: DescribeModule;
  readonly folders: HandlerFolders;
}

export function createHandlerSearch(options: HandlerSearchOptions): HandlerSearch {
  const { registry, readManifest, describeModule, folders } = options;

  async function script(name: string, folder: string): ReturnType<HandlerSearch['script']> {
    if (name.endsWith(MANIFEST_SUFFIX)) return { kind: 'absent' };
    const file = await findHandlerFile({ name, folder, isProgram: true }, folders);
    if (file.kind !== 'found') return file;
    const manifest = await readManifest({ name, folder, isModule: false });
    if (manifest.kind === 'refused') return manifest;
    const { path } = file;
    return { kind: 'executable', path, ...manifestPart(manifest, file.openings) };
  }

  async function module(name: string, file: Extract<HandlerFile, { kind: 'found' }>): Promise<FoundHandler> {
    const manifest = await readManifest({ name, folder: '', isModule: true });
    if (manifest.kind === 'refused') return manifest; // it may say that the module needs a later agent
    const described = await describeModule(file.path, name);
    if (described.kind !== 'described') return described;
    return { ...described, kind: 'es-module', path: file.path, ...manifestPart(manifest, file.openings) };
  }

  async function fileOf(name: string): Promise<FoundHandler> {
    const found = await script(name, '');
    if (found.kind === 'refused' && name.endsWith(MODULE_SUFFIX)) return { ...found, reason: moduleHint(name, found) };
    const file = OPERATION_NAME.test(name) ? await moduleFile(name) : undefined;
    if (file === undefined || file.kind === 'absent') return found;
    if (found.kind !== 'absent') {
      const reason = `${join(folders.handlersDir, name)} and ${name}${MODULE_SUFFIX} beside it could both be meant`;
      return { kind: 'refused', reasonCode: 'HANDLER_NAME_CLASH', reason };
    }
    return file.kind === 'refused' ? file : module(name, file);
  }

  /** A program may do its work as soon as it is loaded: what is executable is never imported. */
  async function moduleFile(name: string): Promise<HandlerFile | undefined> {
    const file = await findHandlerFile({ name: name + MODULE_SUFFIX, folder: '', isProgram: false }, folders);
    return file.kind === 'found' && isExecutable(file.stats) ? undefined : file;
  }

  return {
    async operation(name) {
      const handler = registry.find(name);
      return handler === undefined ? fileOf(name) : { kind: 'built-in', handler };
    },
    script,
    async shadowed(operation) {
      const path = join(folders.handlersDir, operation);
      if (await isThere(path)) return path;
      const { kind = 'absent' } = (await moduleFile(operation)) ?? {};
      return kind === 'absent' ? undefined : path + MODULE_SUFFIX;
    },
  };
}

/** What is not executable may be a module, called by another name. */
function moduleHint(name: string, { reason }: RefusedHandler): string {
  return `${reason}; if it is a module, its operation is ${name.slice(0, -MODULE_SUFFIX.length)}`;
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
