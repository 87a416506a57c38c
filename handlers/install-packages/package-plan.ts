/** The dry run of installing and removing: what the package manager says it would do, with the lists as they are now. */
import { type HandlerPlan, runProgram } from '../../agent/handler-api.ts';
import { type InstalledPackages, versionsOf } from './installed-packages.ts';
import { findPackageManager, type PackageManager } from './package-manager.ts';
import { explanationOf, listInstalled, StepEnd } from './package-step.ts';

export interface PackagePlan {
  /** What a manager that can simulate is asked. */
  readonly simulation: (
    manager: PackageManager,
    installed: InstalledPackages,
  ) => readonly [string, ...string[]] | undefined;
  /** What is said where it cannot, of what is installed now. */
  readonly actions: (installed: InstalledPackages) => readonly string[];
}

export async function planPackages(signal: AbortSignal, { simulation, actions }: PackagePlan): Promise<HandlerPlan> {
  const manager = await findPackageManager(signal);
  if (manager === undefined) {
    return { actions: [], problems: ['none of apt-get, opkg, dnf and apk is on PATH'] };
  }
  try {
    const installed = await listInstalled(manager, signal);
    const argv = simulation(manager, installed);
    if (argv === undefined) return { actions: actions(installed), problems: [] };
    const result = await runProgram(argv, { signal });
    if (result.exitCode !== 0) {
      return { actions: actions(installed), problems: [`${manager.name}: ${explanationOf(result)}`] };
    }
    const simulated = result.stdout.split('\n').flatMap((line) => simulatedAction(line) ?? []);
    return { actions: simulated.length === 0 ? [`${manager.name} would change nothing`] : simulated, problems: [] };
  } catch (error) {
    if (!(error instanceof StepEnd) || !('message' in error.result)) throw error;
    return { actions: [], problems: [error.result.message] };
  }
}

/** apt-get(8), --simulate: `Inst name [old] (new …)`, `Remv name [old]`, `Purg name [old]`. */
function simulatedAction(line: string): string | undefined {
  const [, verb, name, old, version] = /^(Inst|Remv|Purg) (\S+)(?: \[([^\]]*)\])?(?: \((\S+))?/.exec(line) ?? [];
  if (verb === 'Remv') return `remove ${name} ${old}`;
  if (verb === 'Purg') return `remove ${name} ${old} and its configuration`;
  if (verb !== 'Inst') return undefined;
  return old === undefined ? `install ${name} ${version}` : `change ${name} from ${old} to ${version}`;
}

/** `mosquitto (2.0.11 is installed)`. */
export function withVersion(name: string, installed: InstalledPackages): string {
  const versions = versionsOf(name, installed);
  return versions.length === 0 ? `${name} (not installed)` : `${name} (${versions.join(', ')} is installed)`;
}
