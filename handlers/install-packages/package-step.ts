/** What installing and removing have in common: the lock, the repair, what has changed. */
import {
  failed,
  type HandlerContext,
  type HandlerResult,
  lastLines,
  type ProgramResult,
  retryLater,
  runProgram,
  succeeded,
} from '../../agent/handler-api.ts';
import { changesBetween, detailsOf, type InstalledPackages } from './installed-packages.ts';
import { findPackageManager, type PackageManager } from './package-manager.ts';

export const DEFAULT_LOCK_TIMEOUT_SECONDS = 120;

/** The step ends with this result. Thrown, so that what follows is not reached. */
export class StepEnd extends Error {
  override readonly name = 'StepEnd';
  readonly result: HandlerResult;
  constructor(result: HandlerResult) {
    super(result.kind);
    this.result = result;
  }
}

export interface PackageWork {
  /** Changes packages. @throws StepEnd */
  readonly work: (manager: PackageManager, before: InstalledPackages) => Promise<void>;
  /** Looks at what is installed after work that succeeded. */
  readonly verify: (after: InstalledPackages) => HandlerResult | undefined;
}

/** @returns what has changed, however it ended. */
export async function runPackageStep(context: HandlerContext, { work, verify }: PackageWork): Promise<HandlerResult> {
  const { signal } = context;
  const manager = await findPackageManager(signal);
  if (signal.aborted) return stopped();
  if (manager === undefined) {
    return failed('PACKAGE_MANAGER_MISSING', 'none of apt-get, opkg, dnf and apk is on PATH');
  }
  try {
    if (context.attempt > 1) await repair(manager, signal);
    const before = await listInstalled(manager, signal);
    const result = await resultOf(() => work(manager, before));
    if (signal.aborted) return stopped();
    const after = await listInstalled(manager, signal);
    const end = result.kind === 'succeeded' ? (verify(after) ?? result) : result;
    return { ...end, details: { manager: manager.name, ...detailsOf(changesBetween(before, after)) } };
  } catch (error) {
    if (signal.aborted) return stopped();
    if (error instanceof StepEnd) return error.result;
    throw error;
  }
}

async function resultOf(work: () => Promise<void>): Promise<HandlerResult> {
  try {
    await work();
    return succeeded();
  } catch (error) {
    if (error instanceof StepEnd) return error.result;
    throw error;
  }
}

function stopped(): HandlerResult {
  return failed('PACKAGES_STOPPED', 'stopped while packages were changed');
}

/** @throws StepEnd when it fails: as tried later, where something else holds the lock. */
export async function change(
  manager: PackageManager,
  argv: readonly [string, ...string[]],
  { signal, reasonCode }: { readonly signal: AbortSignal; readonly reasonCode: string },
): Promise<void> {
  let result = await runProgram(argv, { signal });
  if (result.exitCode !== 0 && manager.repair?.isNeeded(result)) {
    await repair(manager, signal);
    result = await runProgram(argv, { signal });
  }
  if (result.exitCode === 0 || signal.aborted) return;
  if (manager.isLocked(result)) throw new StepEnd(retryLater(`${manager.name} is locked: ${explanationOf(result)}`));
  throw new StepEnd(failed(reasonCode, `${manager.name}: ${explanationOf(result)}`));
}

/** What is left half done fails again when packages are changed; then its reason is told. */
export async function repair(manager: PackageManager, signal: AbortSignal): Promise<void> {
  if (manager.repair !== undefined) await runProgram(manager.repair.argv, { signal });
}

/** After a stop in the middle: the clean-up of both operations. */
export async function configureWhatIsLeft({ signal }: HandlerContext): Promise<HandlerResult> {
  const manager = await findPackageManager(signal);
  if (manager !== undefined) await repair(manager, signal);
  return succeeded();
}

/** @throws StepEnd */
export async function listInstalled(
  { list, name, readLine }: PackageManager,
  signal: AbortSignal,
): Promise<InstalledPackages> {
  const result = await runProgram(list, { signal });
  if (result.exitCode !== 0) {
    throw new StepEnd(failed('PACKAGE_LIST_FAILED', `${name} does not list packages: ${explanationOf(result)}`));
  }
  return new Map(result.stdout.split('\n').flatMap((line) => [readLine(line)].filter((pair) => pair !== undefined)));
}

/** What apt-get prints whenever it is called. */
const BEFORE_IT_BEGAN = /^(Reading package lists|Building dependency tree|Reading state information)\.\.\./;

/** apt-get prints to stderr that it cannot, and to stdout which dependency is to blame. */
export function explanationOf({ exitCode, stdout, stderr }: ProgramResult): string {
  const said = stdout.split('\n').filter((line) => !BEFORE_IT_BEGAN.test(line));
  const parts = [lastLines(stderr, 3), lastLines(said.join('\n'), 3)].filter((part) => part !== '');
  return parts.length === 0 ? `exit code ${exitCode}` : parts.join(' / ');
}
