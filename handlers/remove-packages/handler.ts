import {
  failed,
  type HandlerContext,
  type HandlerPlan,
  type ModuleHandler,
  type PlanContext,
} from '../../agent/handler-api.ts';
import { type InstalledPackages, versionsOf } from '../install-packages/installed-packages.ts';
import { splitNames } from '../install-packages/package-name.ts';
import { planPackages, withVersion } from '../install-packages/package-plan.ts';
import {
  change,
  configureWhatIsLeft,
  DEFAULT_LOCK_TIMEOUT_SECONDS,
  runPackageStep,
} from '../install-packages/package-step.ts';
import { type RemovePackagesParameters, removePackagesParameters } from './parameters.ts';

/** What is not there is not removed, so it may run again after a power cut. */
export const removePackagesHandler: ModuleHandler<typeof removePackagesParameters> = {
  operation: 'remove-packages',
  kind: 'module',
  summary: 'Removes packages with apt, opkg, dnf or apk, whichever is there, and tells what has changed.',
  parameters: removePackagesParameters,
  needs: 'apt, opkg, dnf or apk',
  onInterrupted: 'rerun',
  exclusive: true,
  defaultTimeoutSeconds: 3600,
  // AWS-Remove-Application: one argument, `packages` (Developer Guide, job-templates-managed).
  managedTemplates: [{ handler: 'remove-packages.sh', parametersOf: parametersOfTemplate }],
  plan: planRemoval,
  run: removePackages,
  cleanup: configureWhatIsLeft,
};

function parametersOfTemplate(args: readonly string[]): RemovePackagesParameters | string {
  const packages = splitNames(args);
  return packages.length === 0
    ? 'expected the names of packages with spaces between, got none'
    : { packages: [...packages] };
}

function planRemoval(
  { packages, purge = false, lockTimeoutSeconds = DEFAULT_LOCK_TIMEOUT_SECONDS }: RemovePackagesParameters,
  { signal }: PlanContext,
): Promise<HandlerPlan> {
  const present = (installed: InstalledPackages) => packages.filter((name) => versionsOf(name, installed).length > 0);
  return planPackages(signal, {
    simulation(manager, installed) {
      const names = present(installed);
      return names.length === 0 ? undefined : manager.simulate?.(manager.remove(names, { purge, lockTimeoutSeconds }));
    },
    actions: (installed) =>
      packages.map((name) =>
        present(installed).includes(name)
          ? `remove ${withVersion(name, installed)}, and what needs it`
          : `leave ${withVersion(name, installed)} as it is`,
      ),
  });
}

function removePackages(context: HandlerContext, parameters: RemovePackagesParameters) {
  const { signal } = context;
  const { packages, purge = false, lockTimeoutSeconds = DEFAULT_LOCK_TIMEOUT_SECONDS } = parameters;
  const isThere = (name: string, installed: InstalledPackages) => versionsOf(name, installed).length > 0;
  return runPackageStep(context, {
    async work(manager, before) {
      // To apt-get `name+` means to install; what is installed under just that name means itself.
      const present = packages.filter((name) => isThere(name, before));
      if (present.length === 0) return;
      const argv = manager.remove(present, { purge, lockTimeoutSeconds });
      await change(manager, argv, { signal, reasonCode: 'PACKAGES_NOT_REMOVED' });
    },
    verify(after) {
      const left = packages.filter((name) => isThere(name, after));
      return left.length === 0 ? undefined : failed('PACKAGES_NOT_REMOVED', `still there: ${left.join(', ')}`);
    },
  });
}
