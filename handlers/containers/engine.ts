/** docker or podman, and the compose that goes with it: found, and called. */
import { lastLines, NOT_FOUND, type ProgramResult, runProgram } from '../../agent/handler-api.ts';
import { ContainersError, type ContainersErrorCode } from './containers-error.ts';

export type EngineName = 'docker' | 'podman';

export interface Engine {
  readonly name: EngineName;
  readonly version: string;
  readonly compose: ComposeProgram | undefined;
}

export interface ComposeProgram {
  readonly argv: readonly [string, ...string[]];
  /** podman-compose is another program with another command line, and its exit code says little. */
  readonly kind: 'docker-compose' | 'podman-compose';
}

export interface Call {
  readonly signal: AbortSignal;
  /** Added to the environment of the client, and kept out of every message. */
  readonly environment?: Readonly<Record<string, string>>;
  readonly onOutput?: (text: string) => void;
}

/** What docker(1), podman(1), compose and the Python of podman-compose take from the environment for themselves. */
const RESERVED_NAMES =
  /^(?:PATH|HOME|SHELL|IFS|TMPDIR|XDG_.*|LD_.*|DOCKER_.*|COMPOSE_.*|CONTAINERS?_.*|PODMAN_.*|BUILD(?:AH|KIT)_.*|REGISTRY_AUTH_FILE|STORAGE_.*|PYTHON.*|JOB_.*)$/;

export function isReservedName(name: string): boolean {
  return RESERVED_NAMES.test(name);
}

/**
 * docker when its daemon answers, else podman. @returns it, or why there is none, in a sentence.
 * @param wanted only this one.
 */
export async function findEngine(wanted: EngineName | undefined, signal: AbortSignal): Promise<Engine | string> {
  const problems: string[] = [];
  for (const name of ['docker', 'podman'] as const) {
    if (wanted !== undefined && wanted !== name) continue;
    // docker version(1): the server's part fails without a daemon. podman has none, so its client is asked.
    const field = name === 'docker' ? '{{.Server.Version}}' : '{{.Client.Version}}';
    const result = await runProgram([name, 'version', '--format', field], { signal });
    if (result.exitCode === 0) {
      return { name, version: result.stdout.trim(), compose: await findCompose(name, signal) };
    }
    problems.push(result.exitCode === NOT_FOUND ? `there is no ${name}` : `${name}: ${explanationOf(result)}`);
  }
  return problems.join('; ');
}

/** The plugin is there since Compose v2; before, and for podman, it is a program of its own. */
async function findCompose(name: EngineName, signal: AbortSignal): Promise<ComposeProgram | undefined> {
  const candidates: readonly ComposeProgram[] =
    name === 'docker'
      ? [
          { argv: ['docker', 'compose'], kind: 'docker-compose' },
          { argv: ['docker-compose'], kind: 'docker-compose' },
        ]
      : [{ argv: ['podman-compose'], kind: 'podman-compose' }];
  for (const candidate of candidates) {
    const result = await runProgram([...candidate.argv, 'version'], { signal });
    if (result.exitCode === 0) return candidate;
  }
  return undefined;
}

/** @throws ContainersError with `code` when it fails; the signal's reason when it was stopped. */
export async function callEngine(
  engine: Engine,
  args: readonly string[],
  { code = 'CONTAINER_ENGINE_FAILED', ...call }: Call & { readonly code?: ContainersErrorCode },
): Promise<string> {
  const result = await runProgram([engine.name, ...args], call);
  call.signal.throwIfAborted();
  if (result.exitCode === 0) return result.stdout;
  throw new ContainersError(code, `${engine.name} ${args[0]}: ${explanationOf(result, call.environment)}`);
}

/** Whether it exits with 0. @throws the signal's reason when it was stopped. */
export async function asksEngine(engine: Engine, args: readonly string[], signal: AbortSignal): Promise<boolean> {
  const result = await runProgram([engine.name, ...args], { signal });
  signal.throwIfAborted();
  return result.exitCode === 0;
}

/**
 * What the program said at last, without what it echoes: podman-compose prints each podman it starts, with the whole
 * environment of the container.
 */
export function explanationOf(
  { exitCode, stdout, stderr }: ProgramResult,
  environment: Readonly<Record<string, string>> = {},
): string {
  const said = [stderr, stdout].map((text) => lastLines(withoutEchoes(text), 3)).find((text) => text !== '');
  return said === undefined ? `exit code ${exitCode}` : withoutValues(said, environment);
}

const ECHO = /^\s*(?:\[?'?podman'?,? |exit code: |\*\* |using podman version)/;

function withoutEchoes(text: string): string {
  return text
    .split('\n')
    .filter((line) => !ECHO.test(line))
    .join('\n');
}

/** Shorter ones are no secrets, and would take words apart. */
const SHORTEST_SECRET = 4;

function withoutValues(text: string, environment: Readonly<Record<string, string>>): string {
  const values = Object.values(environment).filter((value) => value.length >= SHORTEST_SECRET);
  return values.sort((a, b) => b.length - a.length).reduce((rest, value) => rest.replaceAll(value, '***'), text);
}
