/** What needs no cloud: the commands, the package as authors import it, and a handler put through its rehearsal. */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Gateway } from './gateway.ts';
import { type Command, runThere } from './machine.ts';
import type { Candidate } from './machine-checks.ts';
import type { Tell } from './tell.ts';

export interface CommandSurroundings extends Candidate {
  readonly agent: Command;
  readonly gateway: Gateway;
  readonly tell: Tell;
}

/** Operations that change nothing beyond their folder, each with what has to come of it. */
function documents(folder: string): Readonly<Record<string, object>> {
  return {
    'system-info': { operation: 'system-info' },
    inventory: { operation: 'inventory' },
    'run-command': { operation: 'run-command', parameters: { command: ['true'] } },
    'write-file': { operation: 'write-file', parameters: { path: join(folder, 'written'), content: 'text' } },
    'edit-config': {
      operation: 'edit-config',
      parameters: { path: join(folder, 'settings.ini'), format: 'ini', merge: { a: { b: 'c' } } },
    },
    delay: { operation: 'delay', parameters: { seconds: 1 } },
    'executable handler': { operation: 'measure' },
    'module handler': { operation: 'count', parameters: { to: 2 } },
  };
}

/** An emulated processor takes half a minute to start two processes: there it is one document of several steps. */
function triedDocuments(folder: string, isEmulated: boolean): readonly (readonly [string, object])[] {
  const all = documents(folder);
  return isEmulated ? [[Object.keys(all).join(', '), { steps: Object.values(all) }]] : Object.entries(all);
}

export async function checkCommands(surroundings: CommandSurroundings): Promise<void> {
  const { machine, agent, gateway, folder, node, nodeVersion, architecture, isEmulated, tell } = surroundings;
  const { stdout: told } = await runThere(machine, [node, '-p', 'process.versions.node + " " + process.arch']);
  const own = `${nodeVersion} ${architecture.node}`;
  tell(told.trim() === own, `it is Node.js ${own}`, told.trim() === own ? [] : [`it says ${told}`]);
  const expect = async (fact: string, argv: Command, fits: RegExp = /(?:)/) => {
    const { exitCode, stdout, stderr } = await runThere(machine, argv, { env: { JOB_AGENT_LOG_LEVEL: 'warn' } });
    const isWell = exitCode === 0 && fits.test(stdout);
    const said = `exit code ${exitCode}: ${(stdout + stderr).trim().slice(-1500)}`;
    tell(isWell, fact, isWell ? [] : [said]);
  };
  const withConfig = ['--config', gateway.configPath];
  await expect('--version', [...agent, '--version'], /^\d+\.\d+\.\d+/);
  await expect('config', [...agent, 'config', ...withConfig], /gateway-1/);
  await expect('handlers', [...agent, 'handlers', ...withConfig], /count/);
  const tried = join(folder, 'tried');
  await mkdir(tried);
  await writeFile(join(tried, 'settings.ini'), '[a]\nb = d\n');
  for (const [name, document] of triedDocuments(tried, isEmulated)) {
    const file = join(tried, 'document.json');
    await writeFile(file, JSON.stringify(document));
    if (!isEmulated) await expect(`plan of ${name}`, [...agent, 'plan', file, ...withConfig], /would run/);
    await expect(`exec of ${name}`, [...agent, 'exec', file, '--quiet', ...withConfig], /SUCCEEDED/);
  }
  const edited = await readFile(join(tried, 'settings.ini'), 'utf8');
  tell(edited === '[a]\nb = c\n', 'edit-config has edited', edited === '[a]\nb = c\n' ? [] : [edited]);
  await checkPackage(surroundings, expect);
}

type Expect = (fact: string, argv: Command, fits?: RegExp) => Promise<void>;

async function checkPackage(
  { agent, gateway, folder, node, isEmulated }: CommandSurroundings,
  expect: Expect,
): Promise<void> {
  const script = join(folder, 'exports.mjs');
  await writeFile(
    script,
    `import { HANDLER_API_VERSION, Type } from 'iot-job-agent/handler-api';
     import { testHandler } from 'iot-job-agent/testing';
     const file = new URL('cloud-handlers/count.mjs', import.meta.url);
     const { result, remove } = await testHandler(file, { parameters: { to: 2 } });
     await remove();
     console.log(typeof HANDLER_API_VERSION, typeof Type.Object, result.status, result.details.arch === process.arch);`,
  );
  const handlers = join(dirname(gateway.configPath), 'handlers');
  await mkdir(join(folder, 'cloud-handlers'));
  await writeFile(join(folder, 'cloud-handlers', 'count.mjs'), await readFile(join(handlers, 'count.mjs')));
  await expect('the package’s exports', [node, script], /^number function succeeded true$/m);
  if (isEmulated) return; // an hour of starting processes
  await expect('the guide’s own test of a handler', [node, '--test', join(folder, 'examples', 'prune-files.test.mjs')]);
  const fresh = join(folder, 'fresh');
  await mkdir(fresh);
  for (const language of ['sh', 'js']) {
    const name = `greet-${language}`;
    await expect(`handlers new, ${language}`, [
      ...agent,
      'handlers',
      'new',
      name,
      '--language',
      language,
      '--dir',
      fresh,
    ]);
  }
  const only = 'processes left,double delivery,SIGTERM,SIGKILL';
  for (const name of ['greet-sh', 'greet-js.mjs']) {
    await expect(`handlers check, ${name}`, [...agent, 'handlers', 'check', join(fresh, name), '--only', only]);
  }
}
