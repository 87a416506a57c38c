/**
 * What is kept of a compose project, in a folder of its own that nobody else may read: the compose file, the values for
 * it, and while a change is not yet proven what leads back. Each file is whole, whenever power goes.
 */
import { constants } from 'node:fs';
import { access, mkdir, readFile, rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { type HandlerFacts, replaceFile } from '../../agent/handler-api.ts';

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
  readonly input: ComposeInput | undefined;
  /** There is one as long as a change is not proven, or could not be undone. */
  readonly wayBack: WayBack | undefined;
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

/** Only looks. @throws the system's error, or SyntaxError for a file that somebody else has changed. */
export async function readKeptProject(facts: HandlerFacts, project: string): Promise<KeptProject> {
  const folder = await folderOf(facts, project);
  const [compose, environment, wayBack] = await Promise.all(
    [COMPOSE, ENVIRONMENT, WAY_BACK].map((name) => readIfThere(join(folder, name))),
  );
  return {
    folder,
    composePath: join(folder, COMPOSE),
    input: compose === undefined ? undefined : { compose, environment: JSON.parse(environment ?? '{}') as Environment },
    wayBack: wayBack === undefined ? undefined : (JSON.parse(wayBack) as WayBack),
  };
}

const COMPOSE = 'compose.yaml';
const ENVIRONMENT = 'environment.json';
const WAY_BACK = 'way-back.json';

async function readIfThere(path: string): Promise<string | undefined> {
  return readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
}

export async function keepInput({ folder }: KeptProject, input: ComposeInput, writer: string): Promise<void> {
  await keep(folder, writer, { [COMPOSE]: input.compose, [ENVIRONMENT]: JSON.stringify(input.environment) });
}

export async function keepWayBack({ folder }: KeptProject, wayBack: WayBack, writer: string): Promise<void> {
  await keep(folder, writer, { [WAY_BACK]: JSON.stringify(wayBack) });
}

async function keep(folder: string, writer: string, files: Readonly<Record<string, string>>): Promise<void> {
  await mkdir(folder, { recursive: true, mode: PRIVATE_FOLDER });
  for (const [name, content] of Object.entries(files)) {
    await replaceFile(join(folder, name), content, { mode: PRIVATE_FILE, writer });
  }
}

/** The change is proven, or undone. */
export async function forgetWayBack({ folder }: KeptProject): Promise<void> {
  await rm(join(folder, WAY_BACK), { force: true });
}

/** There is no such project any more. What else lies in its folder stays. */
export async function forgetInput({ folder }: KeptProject): Promise<void> {
  for (const name of [COMPOSE, ENVIRONMENT]) await rm(join(folder, name), { force: true });
}
