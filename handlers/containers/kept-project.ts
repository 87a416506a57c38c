/**
 * What is kept of a compose project, in a folder of its own that nobody else may read: the compose file, the values for
 * it, and while a change is not yet proven what leads back. Each file is whole, whenever power goes.
 */
import { constants } from 'node:fs';
import { access, mkdir, open, readFile, rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { type HandlerFacts, replaceFile } from '../../agent/handler-api.ts';
import { ContainersError } from './containers-error.ts';

export type Environment = Readonly<Record<string, string>>;

/** What compose is given. */
export interface ComposeInput {
  /** YAML, of which JSON is a part. */
  readonly compose: string;
  readonly environment: Environment;
}

export interface WayBack {
  /** Nothing: there was no such project. */
  readonly input: ComposeInput | null;
  /** Containers that somebody else had started: there is no file that would bring them back. */
  readonly isForeign: boolean;
  readonly wasUp: boolean;
  /** Which image each name stood for. */
  readonly images: readonly { readonly name: string; readonly id: string }[];
}

export interface KeptProject {
  readonly folder: string;
  readonly composePath: string;
  /** What was given last, proven or not. */
  readonly input: ComposeInput | undefined;
  /** There is one as long as a change is not proven, or could not be undone. */
  readonly wayBack: WayBack | undefined;
}

/** What has worked at last. */
export function provenInput({ input, wayBack }: KeptProject): ComposeInput | undefined {
  return wayBack === undefined ? input : (wayBack.input ?? undefined);
}

const PRIVATE_FILE = 0o600;
const PRIVATE_FOLDER = 0o700;

/**
 * Beside the agent's state; of a step that runs as another user, who may not write there, in his home folder, where
 * XDG's Base Directory Specification has state by default.
 */
export async function folderOf({ containersDir }: HandlerFacts, project: string): Promise<string> {
  const isOurs = await access(dirname(containersDir), constants.W_OK).then(
    () => true,
    () => false,
  );
  return join(isOurs ? containersDir : join(homedir(), '.local/state/iot-job-agent/containers'), project);
}

/** Only looks. @throws ContainersError, also for a file that somebody else has changed. */
export async function readKeptProject(facts: HandlerFacts, project: string): Promise<KeptProject> {
  const folder = await folderOf(facts, project);
  return within(folder, async () => {
    const [compose, environment, wayBack] = await Promise.all(
      [COMPOSE, ENVIRONMENT, WAY_BACK].map((name) => readIfThere(join(folder, name))),
    );
    return {
      folder,
      composePath: join(folder, COMPOSE),
      input:
        compose === undefined ? undefined : { compose, environment: JSON.parse(environment ?? '{}') as Environment },
      wayBack: wayBack === undefined ? undefined : (JSON.parse(wayBack) as WayBack),
    };
  });
}

/** The disk may be full, or the user's own folder not be there. @throws ContainersError in the place of any error. */
async function within<T>(folder: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw new ContainersError('CONTAINER_STATE_NOT_KEPT', `${folder}: ${(error as Error).message}`);
  }
}

const COMPOSE = 'compose.yaml';
const ENVIRONMENT = 'environment.json';
const WAY_BACK = 'way-back.json';

async function readIfThere(path: string): Promise<string | undefined> {
  return readFile(path, 'utf8').catch(ifNotThere);
}

/** @throws ContainersError */
export async function keepInput({ folder }: KeptProject, input: ComposeInput, writer: string): Promise<void> {
  await keep(folder, writer, { [COMPOSE]: input.compose, [ENVIRONMENT]: JSON.stringify(input.environment) });
}

/** @throws ContainersError */
export async function keepWayBack({ folder }: KeptProject, wayBack: WayBack, writer: string): Promise<void> {
  await keep(folder, writer, { [WAY_BACK]: JSON.stringify(wayBack) });
}

async function keep(folder: string, writer: string, files: Readonly<Record<string, string>>): Promise<void> {
  await within(folder, async () => {
    await mkdir(folder, { recursive: true, mode: PRIVATE_FOLDER });
    for (const [name, content] of Object.entries(files)) {
      const path = join(folder, name);
      // What is there already needs no space, and can be kept on a full disk.
      if ((await readIfThere(path)) !== content) await replaceFile(path, content, { mode: PRIVATE_FILE, writer });
    }
  });
}

/** The change is proven, or undone. @throws ContainersError */
export function forgetWayBack(kept: KeptProject): Promise<void> {
  return forget(kept, [WAY_BACK]);
}

/** There is no such project any more. What else lies in its folder stays. @throws ContainersError */
export function forgetInput(kept: KeptProject): Promise<void> {
  return forget(kept, [COMPOSE, ENVIRONMENT]);
}

/** Synced: a way back that came back after a power cut would lead past what was proven meanwhile. */
async function forget({ folder }: KeptProject, names: readonly string[]): Promise<void> {
  await within(folder, async () => {
    for (const name of names) await rm(join(folder, name), { force: true });
    const handle = await open(folder, constants.O_RDONLY | constants.O_DIRECTORY).catch(ifNotThere);
    await handle?.sync().finally(() => handle.close());
  });
}

function ifNotThere(error: NodeJS.ErrnoException): undefined {
  if (error.code === 'ENOENT') return undefined;
  throw error;
}
