import {
  failed,
  type HandlerContext,
  type HandlerPlan,
  type HandlerResult,
  type ModuleHandler,
  type ParameterProblem,
  type PlanContext,
  rejected,
} from '../../agent/handler-api.ts';
import { type InstalledPackages, versionsOf } from './installed-packages.ts';
import { type PackageRequest, splitNames, toRequest } from './package-name.ts';
import { planPackages, withVersion } from './package-plan.ts';
import { change, configureWhatIsLeft, DEFAULT_LOCK_TIMEOUT_SECONDS, runPackageStep, StepEnd } from './package-step.ts';
import { type InstallPackagesParameters, installPackagesParameters } from './parameters.ts';

/** What is installed already stays as it is, so it may run again after a power cut. */
export const installPackagesHandler: ModuleHandler<typeof installPackagesParameters> = {
  operation: 'install-packages',
  kind: 'module',
  summary: 'Installs or upgrades packages with apt, opkg, dnf or apk, whichever is there, and tells what has changed.',
  parameters: installPackagesParameters,
  needs: 'apt, opkg, dnf or apk',
  onInterrupted: 'rerun',
  exclusive: true,
  defaultTimeoutSeconds: 3600,
  // AWS-Install-Application: one argument, `packages` (Developer Guide, job-templates-managed).
  managedTemplates: [{ handler: 'install-packages.sh', parametersOf: parametersOfTemplate }],
  check: checkNames,
  plan: planInstall,
  run: installPackages,
  cleanup: configureWhatIsLeft,
};

function parametersOfTemplate(args: readonly string[]): InstallPackagesParameters | string {
  const packages = splitNames(args);
  return packages.length === 0
    ? 'expected the names of packages with spaces between, got none'
    : { packages: [...packages] };
}

function checkNames({ packages }: InstallPackagesParameters): ParameterProblem | undefined {
  const names = packages.map((text) => toRequest(text).name);
  const index = names.findIndex((name, i) => names.indexOf(name) !== i);
  return index === -1 ? undefined : { pointer: `/packages/${index}`, reason: `names ${names[index]} a second time` };
}

function planInstall(
  { packages, lockTimeoutSeconds = DEFAULT_LOCK_TIMEOUT_SECONDS }: InstallPackagesParameters,
  { signal }: PlanContext,
): Promise<HandlerPlan> {
  const requests = packages.map(toRequest);
  return planPackages(signal, {
    simulation: (manager) => manager.simulate?.(manager.install(requests, lockTimeoutSeconds)),
    actions: (installed) =>
      requests.map(({ name, version }) => {
        const what = version === undefined ? 'install or upgrade' : 'bring to version';
        return `${what} ${version === undefined ? '' : `${version} `}${withVersion(name, installed)}`;
      }),
  });
}

function installPackages(context: HandlerContext, parameters: InstallPackagesParameters) {
  const { signal } = context;
  const { refresh = true, lockTimeoutSeconds = DEFAULT_LOCK_TIMEOUT_SECONDS } = parameters;
  const requests = parameters.packages.map(toRequest);
  return runPackageStep(context, {
    async work(manager) {
      if (!manager.canPin && requests.some(({ version }) => version !== undefined)) {
        const reason = `${manager.name} installs no version of one's choice`;
        throw new StepEnd(rejected('PACKAGE_VERSION_NOT_SUPPORTED', reason));
      }
      if (refresh) {
        await change(manager, manager.refresh(lockTimeoutSeconds), { signal, reasonCode: 'PACKAGE_LIST_FAILED' });
      }
      const argv = manager.install(requests, lockTimeoutSeconds);
      await change(manager, argv, { signal, reasonCode: 'PACKAGES_NOT_INSTALLED' });
    },
    verify: (installed) => checkVersions(requests, installed),
  });
}

/** A package manager may say that there is nothing to do. @returns a failure when a version is not the one asked for. */
function checkVersions(requests: readonly PackageRequest[], installed: InstalledPackages): HandlerResult | undefined {
  const wrong = requests.filter(({ name, version }) => version !== undefined && !isInstalled(name, version, installed));
  if (wrong.length === 0) return undefined;
  const found = wrong.map(
    ({ name, version }) => `${name} is ${versionsOf(name, installed).join(' and ') || 'absent'}, not ${version}`,
  );
  return failed('PACKAGES_NOT_INSTALLED', found.join(', '));
}

/** RPM and others have a release after the version, which need not be said. */
function isInstalled(name: string, version: string, installed: InstalledPackages): boolean {
  return versionsOf(name, installed).some((found) => found === version || found.startsWith(`${version}-`));
}
