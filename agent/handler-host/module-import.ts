/**
 * Imports a handler's module into this process, which is a handler host's and never the agent's.
 *
 * `iot-job-agent/handler-api` means the API of this very agent, whether or not a package of that name is installed
 * somewhere. Node.js is told so by a resolve hook: in this thread where it can be (`registerHooks`, since 22.15), else in
 * a thread of its own (`module.register`). The hook is a module of its own for that thread, and so it is text: the agent
 * is one file, and has no second one to name.
 */
import nodeModule from 'node:module';
import { pathToFileURL } from 'node:url';
import { MessageChannel, type MessagePort } from 'node:worker_threads';
import * as handlerApi from '../handler-api.ts';
import type { LoadedFile, ModuleFile } from '../runs/handler-host-request.ts';

export const HANDLER_API_SPECIFIER = 'iot-job-agent/handler-api';

export interface ImportedModule {
  readonly defaultExport: unknown;
  readonly files: readonly LoadedFile[];
}

/** @throws what the module throws, and Error for a file of it that others may write or replace. */
export async function importModule({ path, ownerIds }: ModuleFile): Promise<ImportedModule> {
  const loaded = await watchImports(ownerIds);
  const { default: defaultExport } = await import(pathToFileURL(path).href);
  return { defaultExport, files: await loaded() };
}

/** What the hook is told, once. */
interface HookSettings {
  readonly specifier: string;
  readonly apiUrl: string;
  readonly ownerIds: readonly number[];
}

/**
 * Whoever may write in a folder on the way to a file may put another one in its place. As in `handler-file.ts`, a group may,
 * and so may everyone in a sticky folder such as /tmp.
 *
 * Runs in two ways: `next` gives a promise in a thread of its own, and a value in ours.
 */
const HOOK = `
import { statSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
let settings, tell;
const safeFolders = new Set();
export function initialize(given) {
  settings = given.settings;
  tell = given.tell ?? ((file) => given.port.postMessage(file));
  given.port?.on('message', () => given.port.postMessage('told')).unref();
}
export function resolve(specifier, context, next) {
  if (specifier === settings.specifier) return { url: settings.apiUrl, format: 'module', shortCircuit: true };
  const resolved = next(specifier, context);
  return typeof resolved.then === 'function' ? resolved.then(look) : look(resolved);
}
function look(resolved) {
  if (!resolved.url.startsWith('file:')) return resolved;
  const path = fileURLToPath(resolved.url);
  const stats = statSync(path, { bigint: true, throwIfNoEntry: false });
  if (stats === undefined) return resolved;
  if ((stats.mode & 0o22n) !== 0n) throw new Error('others than its owner may write ' + path + '; chmod go-w it');
  if (!settings.ownerIds.includes(Number(stats.uid))) throw new Error(path + ' belongs to user number ' + stats.uid);
  lookAtFolders(dirname(path));
  tell({ path, stamp: [stats.mtimeNs, stats.ctimeNs, stats.size, stats.ino].join(':') });
  return resolved;
}
function lookAtFolders(folder) {
  if (safeFolders.has(folder)) return;
  const { mode, uid } = statSync(folder);
  if (!settings.ownerIds.includes(uid)) throw new Error(folder + ' belongs to user number ' + uid);
  if ((mode & 0o1002) === 0o2) throw new Error('everyone may write in ' + folder + '; chmod go-w it');
  safeFolders.add(folder);
  if (dirname(folder) !== folder) lookAtFolders(dirname(folder));
}
`;

/** @returns asks which files have been loaded since. */
async function watchImports(ownerIds: readonly number[]): Promise<() => Promise<readonly LoadedFile[]>> {
  const settings: HookSettings = { specifier: HANDLER_API_SPECIFIER, apiUrl: handlerApiUrl(), ownerIds };
  const hookUrl = asUrl(HOOK);
  const files: LoadedFile[] = [];
  const tell = (file: LoadedFile) => void files.push(file);
  const { registerHooks } = nodeModule as unknown as { registerHooks?: (hooks: object) => void };
  if (registerHooks !== undefined) {
    const hook = await import(hookUrl);
    hook.initialize({ settings, tell });
    registerHooks({ resolve: hook.resolve });
    return async () => files;
  }
  const { port1, port2 } = new MessageChannel();
  nodeModule.register(hookUrl, { data: { settings, port: port2 }, transferList: [port2] });
  return () => askHookThread(port1, tell, files);
}

/** Messages keep their order: when the answer is here, everything before it is. */
function askHookThread(
  port: MessagePort,
  tell: (file: LoadedFile) => void,
  files: readonly LoadedFile[],
): Promise<readonly LoadedFile[]> {
  return new Promise((resolve) => {
    port.on('message', (message: LoadedFile | 'told') => {
      if (message !== 'told') return tell(message);
      port.close();
      resolve(files);
    });
    port.postMessage('what was loaded?');
  });
}

/** A module of its own that hands on what is in this process already: nothing is loaded twice, nothing lies beside. */
function handlerApiUrl(): string {
  const key = HANDLER_API_SPECIFIER;
  Object.assign(globalThis, { [Symbol.for(key)]: handlerApi });
  const exports = Object.keys(handlerApi).map((name) => `export const ${name} = api.${name};`);
  return asUrl(`const api = globalThis[Symbol.for(${JSON.stringify(key)})];\n${exports.join('\n')}`);
}

function asUrl(source: string): string {
  return `data:text/javascript,${encodeURIComponent(source)}`;
}
