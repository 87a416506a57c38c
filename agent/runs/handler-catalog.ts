/** Everything that this gateway can do, for people: what is built in, and each file in `handlersDir` with its faults. */
import type { JobHandler, OnInterrupted } from '../handler-api.ts';
import type { HandlerFolders } from './handler-file.ts';
import { type HandlerManifest, MANIFEST_SUFFIX } from './handler-manifest.ts';
import { handlersNamedIn, type NamedHandler } from './handler-names.ts';
import { type HandlerRegistry, OPERATION_NAME } from './handler-registry.ts';
import type { FoundExecutable, FoundHandler, FoundModule, HandlerSearch } from './handler-search.ts';
import { traitsOfModule } from './module-declaration.ts';
import { type StepTraits, traitsOfExecutable, traitsOfHandler } from './step-traits.ts';

export interface CatalogEntry {
  /** What a job document calls it. For an executable the file's name. */
  readonly operation: string;
  /** Where it lies in one of `handlerPaths`, that: a template or a document of the Device Client's names it. */
  readonly folder?: string;
  readonly source: 'built-in' | 'file';
  /** Null where it could not be found out. */
  readonly kind: 'inline' | 'command' | 'module' | 'executable' | null;
  /** Absolute, without links where it could be followed; null for what is built in. */
  readonly path: string | null;
  readonly manifestPath: string | null;
  readonly summary: string | null;
  /** What has to be there besides the agent, for people. */
  readonly needs: string | null;
  /** JSON Schema; null where parameters are not checked. */
  readonly parameters: object | null;
  readonly onInterrupted: OnInterrupted;
  readonly exclusive: boolean;
  /** Of a step that sets none. */
  readonly timeoutSeconds: number | null;
  /** Why a job that asks for it would be REJECTED, or why it never is asked. Empty: nothing is wrong. */
  readonly problems: readonly CatalogProblem[];
}

export interface CatalogProblem {
  readonly reasonCode: string;
  readonly reason: string;
}

/** Never rejects. In the order of the alphabet, what is built in first. */
export type ListHandlers = () => Promise<readonly CatalogEntry[]>;

export interface HandlerCatalogOptions {
  readonly handlers: readonly JobHandler[];
  readonly registry: HandlerRegistry;
  readonly search: HandlerSearch;
  readonly folders: HandlerFolders;
}

export function createHandlerCatalog({ handlers, registry, search, folders }: HandlerCatalogOptions): ListHandlers {
  const { handlersDir, handlerPaths } = folders;
  return async () => {
    const entries = handlers.map(builtInEntry).sort(byOperation);
    for (const { operation, path } of await handlersNamedIn(handlersDir)) {
      entries.push(
        registry.find(operation) === undefined
          ? fileEntry(operation, path, await search.operation(operation))
          : shadowedEntry(operation, (await search.shadowed(operation)) ?? path),
      );
    }
    for (const folder of handlerPaths) {
      for (const named of await handlersNamedIn(folder)) {
        entries.push({ ...(await scriptEntry(named, folder, { search, handlersDir })), folder });
      }
    }
    return entries;
  };
}

/** Named by a template, so that one with the name of an operation is as good as any. */
async function scriptEntry(
  { operation, path, isModule }: NamedHandler,
  folder: string,
  { search, handlersDir }: Pick<HandlerCatalogOptions, 'search'> & Pick<HandlerFolders, 'handlersDir'>,
): Promise<CatalogEntry> {
  if (!isModule) return fileEntry(operation, path, await search.script(operation, folder));
  const reason = `${path} is a module, which is looked for in handlersDir only: move it to ${handlersDir}`;
  return faultyEntry(operation, path, { reasonCode: 'UNKNOWN_OPERATION', reason });
}

function builtInEntry(handler: JobHandler): CatalogEntry {
  const { operation, kind, summary, needs = null, parameters } = handler;
  const base = { operation, source: 'built-in', kind, path: null, manifestPath: null } as const;
  return { ...base, summary, needs, parameters, ...declared(traitsOfHandler(handler)), problems: [] };
}

function fileEntry(operation: string, path: string, found: FoundHandler): CatalogEntry {
  switch (found.kind) {
    case 'built-in':
      return builtInEntry(found.handler);
    case 'executable':
      return foundEntry({ operation, kind: 'executable', declaration: {} }, found, traitsOfExecutable);
    case 'es-module': {
      const { declaration } = found;
      const traitsOf = (manifest: HandlerManifest) => traitsOfModule(declaration, manifest);
      return foundEntry({ operation, kind: declaration.kind, declaration }, found, traitsOf);
    }
    case 'refused':
      return faultyEntry(operation, path, { reasonCode: found.reasonCode, reason: found.reason });
    case 'not-asked':
      return faultyEntry(operation, path, { reasonCode: 'HANDLER_NOT_ASKED', reason: found.reason });
    case 'absent':
      return faultyEntry(operation, path, { reasonCode: 'UNKNOWN_OPERATION', reason: absentReason(operation, path) });
  }
}

function absentReason(operation: string, path: string): string {
  if (OPERATION_NAME.test(operation)) return `${path}${MANIFEST_SUFFIX} describes it, and ${path} is not there`;
  return `${path} can be no module: an operation of a module is lower case words joined by hyphens`;
}

interface FoundIdentity extends Pick<CatalogEntry, 'operation' | 'kind'> {
  /** Of its code; what the manifest says goes before it. */
  readonly declaration: Pick<HandlerManifest, 'summary' | 'needs' | 'parameters'>;
}

function foundEntry(
  { operation, kind, declaration }: FoundIdentity,
  { path, manifestPath, manifest: { manifest } }: FoundExecutable | FoundModule,
  traitsOf: (manifest: HandlerManifest) => StepTraits,
): CatalogEntry {
  const { summary = null, needs = null } = { ...declaration, ...manifest };
  const parameters = declaration.parameters ?? manifest.parameters ?? null;
  const base = { operation, source: 'file', kind, path, manifestPath } as const;
  return { ...base, summary, needs, parameters, ...declared(traitsOf(manifest)), problems: [] };
}

function shadowedEntry(operation: string, path: string): CatalogEntry {
  const reason = `${path} is not used: the agent has an operation ${operation} of its own; give the file another name`;
  return faultyEntry(operation, path, { reasonCode: 'HANDLER_NAME_CLASH', reason });
}

function faultyEntry(operation: string, path: string, problem: CatalogProblem): CatalogEntry {
  const nothing = { kind: null, manifestPath: null, summary: null, needs: null, parameters: null } as const;
  return { operation, source: 'file', path, ...nothing, ...declared(traitsOfExecutable({})), problems: [problem] };
}

function declared({ onInterrupted, exclusive, timeoutSeconds }: StepTraits) {
  return { onInterrupted, exclusive, timeoutSeconds };
}

function byOperation(a: CatalogEntry, b: CatalogEntry): number {
  return a.operation < b.operation ? -1 : 1;
}
