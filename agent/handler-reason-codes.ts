/** Why the operations that come with the agent fail or refuse. A part of `REASON_CODES` in `errors.ts`. */

import { CONTAINER_REASON_CODES } from './container-reason-codes.ts';
import { FILE_REASON_CODES } from './file-reason-codes.ts';
import { FIRMWARE_REASON_CODES } from './firmware-reason-codes.ts';
import { TRANSFER_REASON_CODES } from './transfer-reason-codes.ts';

export interface ReasonCodeEntry {
  /** What the job execution ends as. */
  readonly status: 'FAILED' | 'REJECTED';
  readonly summary: string;
  /** What the operator can do. */
  readonly remedy: string;
}

export const HANDLER_REASON_CODES = {
  ...CONTAINER_REASON_CODES,
  ...FILE_REASON_CODES,
  ...FIRMWARE_REASON_CODES,
  ...TRANSFER_REASON_CODES,
  SYSTEMD_NOT_AVAILABLE: {
    status: 'FAILED',
    summary: '`systemctl` is not there, or systemd does not run this gateway.',
    remedy:
      'Use an executable in `handlersDir` for the service manager that the gateway has. In a container, reach the host.',
  },
  SERVICE_NOT_FOUND: {
    status: 'FAILED',
    summary: 'systemd knows no unit of that name. Nothing was done.',
    remedy:
      'Compare with `systemctl list-unit-files`; a unit that was just installed may need `systemctl daemon-reload`.',
  },
  SERVICE_ACTION_FAILED: {
    status: 'FAILED',
    summary: '`systemctl` said no, such as for a unit that is masked, or a service that did not start.',
    remedy:
      'Read `reason`, and `journalctl --unit=NAME` on the gateway. The agent’s user must be allowed to manage units.',
  },
  SERVICE_NOT_ACTIVE: {
    status: 'FAILED',
    summary: 'A unit was started, and is not active.',
    remedy: 'Read `units`, and `journalctl --unit=NAME` on the gateway.',
  },
  SERVICE_NOT_STOPPED: {
    status: 'FAILED',
    summary: 'A unit was stopped, and is active still or again.',
    remedy: 'Look for what starts it: a socket, a timer, or another unit.',
  },
  SERVICE_NOT_ENABLED: {
    status: 'FAILED',
    summary: 'A unit was enabled or disabled, and systemd says that it is not so.',
    remedy: 'Read `units`; a unit of `/run` or one that is masked may hide the file that was meant.',
  },
  SERVICE_DID_NOT_STAY_UP: {
    status: 'FAILED',
    summary: 'A unit ended, or was restarted, before `stayUpSeconds` were over.',
    remedy: 'Read `journalctl --unit=NAME` on the gateway.',
  },
  SERVICE_IS_AGENT: {
    status: 'REJECTED',
    summary: 'The unit is the agent’s own: to stop or restart it would end this job, too.',
    remedy: 'Use the operation `reboot`, or restart the agent from outside of a job.',
  },
  SERVICE_INTERRUPTED: {
    status: 'FAILED',
    summary: 'The agent was lost each time this step ran.',
    remedy: 'See whether one of the units takes the agent down with it, such as a target or the network.',
  },
  SERVICE_STOPPED: {
    status: 'FAILED',
    summary: 'The step was stopped from outside. What systemd was asked for may go on.',
    remedy: 'None: the job was canceled, or the agent shut down.',
  },
  APPLICATION_NOT_INSTALLED: {
    status: 'FAILED',
    summary: 'No job has installed an application of that name here.',
    remedy: 'Compare with `{"operation": "applications", "parameters": {"action": "status"}}`; install it first.',
  },
  APPLICATION_RECORD_UNREADABLE: {
    status: 'FAILED',
    summary: 'What the agent noted of an application cannot be read. Nothing was changed.',
    remedy: 'Read `reason`, which names the file. Remove one that is damaged, and install the application again.',
  },
  APPLICATION_HAS_NO_COMMAND: {
    status: 'FAILED',
    summary: 'The application is files only: there is nothing to start.',
    remedy: 'Install it again with a `command` (in documents of the SDK v1 jobs agent: `launchCommand`).',
  },
  APPLICATION_FILE_REFUSED: {
    status: 'FAILED',
    summary: 'A file of the application would replace something that is no file, or lies outside of its folder.',
    remedy: 'Look at what `reason` names on the gateway: a folder, a device, or a link that leads out.',
  },
  APPLICATION_NOT_STARTED: {
    status: 'FAILED',
    summary:
      'The application could not be started, or did not stay up. After an installation everything was put back; `rollback` says how that went.',
    remedy:
      'Read `reason`, which ends with its last lines, and `journalctl --unit=iot-application-NAME` on the gateway.',
  },
  APPLICATION_NOT_STOPPED: {
    status: 'FAILED',
    summary: 'The application was stopped, and is active still or again.',
    remedy: 'Look for what starts it: another unit, a timer, or somebody.',
  },
  APPLICATION_NOT_PUT_BACK: {
    status: 'FAILED',
    summary: 'An installation failed or was stopped, and not everything could be put back as it was.',
    remedy: 'Read `reason`. The old files are beside the new ones, hidden, and end in `.old`.',
  },
  APPLICATION_STOPPED: {
    status: 'FAILED',
    summary: 'The step was stopped from outside. An installation is put back as it was.',
    remedy: 'None: the job was canceled, or the agent shut down.',
  },
  PACKAGE_MANAGER_MISSING: {
    status: 'FAILED',
    summary: 'The gateway has none of the package managers that the agent knows.',
    remedy: 'Use an executable in `handlersDir` for the one that it has.',
  },
  PACKAGE_LIST_FAILED: {
    status: 'FAILED',
    summary: 'The list of packages could not be fetched or read.',
    remedy:
      'Read `reason`: the network, the address or the key of a repository, or free space. With `refresh` false nothing is fetched.',
  },
  PACKAGE_VERSION_NOT_SUPPORTED: {
    status: 'REJECTED',
    summary: 'The document names a version, and the package manager of this gateway takes none.',
    remedy: 'Leave the version out, or have only that version in the repository.',
  },
  PACKAGES_NOT_INSTALLED: {
    status: 'FAILED',
    summary:
      'The package manager could not install it, or would have had to remove something else, or left another version.',
    remedy: 'Read `reason`. What has changed all the same is in `installed`, `upgraded` and `removed`.',
  },
  PACKAGES_NOT_REMOVED: {
    status: 'FAILED',
    summary: 'The package manager could not remove it, as when the system needs it.',
    remedy: 'Read `reason`.',
  },
  PACKAGES_STOPPED: {
    status: 'FAILED',
    summary: 'The step was stopped from outside. With apt, what was left half installed is put in order after that.',
    remedy: 'None: the job was canceled, over its time limit, or the agent shut down.',
  },
} as const satisfies Record<string, ReasonCodeEntry>;
