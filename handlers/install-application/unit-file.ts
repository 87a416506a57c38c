/** The unit of systemd that an application runs as. */
import { access, constants, stat } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { delimiter, join, resolve } from 'node:path';
import type { ApplicationRecord } from './application.ts';

/** Where units of the administrator are, and go before those of packages (systemd.unit(5)). */
export const UNIT_FOLDER = '/etc/systemd/system';
/** As handlers have it, whatever the agent's own is. */
export const SEARCH_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/**
 * The slash at the end of the folder keeps a space before it from being trimmed (systemd.syntax(7)).
 *
 * A service that is started again when it ends in failure. `exec`: starting fails where the program cannot be executed.
 * With a user's name systemd sets HOME, USER and SHELL (systemd.exec(5)), as they were when an agent started it.
 * @param argv the program as an absolute path.
 */
export function renderUnit(
  { name, workingDirectory, user }: Pick<ApplicationRecord, 'name' | 'workingDirectory' | 'user'>,
  argv: readonly string[],
): string {
  return `# Written by iot-job-agent: a job that installs the application again writes it anew. For changes of your own:
# systemctl edit
[Unit]
Description=${specifierFree(name)} (installed by a job)
After=network.target

[Service]
Type=exec
User=${user}
WorkingDirectory=${specifierFree(workingDirectory)}/
ExecStart=${execLine(argv)}
Restart=on-failure
RestartSec=5

[Install]
WantedBy=multi-user.target
`;
}

/** `:` before the program: no variables are put in (systemd.service(5)). What is in quotes is split and unescaped only. */
function execLine(argv: readonly string[]): string {
  return `:${argv.map(quoted).join(' ')}`;
}

/** The escapes of systemd.syntax(7), "Quoting", for what would end a word or a line. */
function quoted(word: string): string {
  const escaped = [...word].map((char) => {
    if (char === '\\' || char === '"') return `\\${char}`;
    const code = char.codePointAt(0) ?? 0;
    return code < 0x20 || code === 0x7f ? `\\x${code.toString(16).padStart(2, '0')}` : char;
  });
  return `"${specifierFree(escaped.join(''))}"`;
}

function specifierFree(text: string): string {
  return text.replaceAll('%', '%%');
}

/** @returns the user who runs this process, as systemd wants to be told. */
export function ownUser(): string {
  try {
    return userInfo().username;
  } catch {
    return String(process.geteuid?.() ?? 0); // not in passwd(5)
  }
}

/** The program as an absolute path: with a `/` in it from the working folder, else where the path leads; undefined: nowhere. */
export async function findProgram(
  program: string,
  { workingDirectory, searchPath }: { readonly workingDirectory: string; readonly searchPath: string },
): Promise<string | undefined> {
  if (program.includes('/')) return resolve(workingDirectory, program);
  for (const folder of searchPath.split(delimiter)) {
    const path = join(folder, program);
    if (await isProgram(path)) return path;
  }
  return undefined;
}

async function isProgram(path: string): Promise<boolean> {
  try {
    await access(path, constants.X_OK);
    return (await stat(path)).isFile();
  } catch {
    return false;
  }
}
