/** Why updates of the firmware fail. A part of `HANDLER_REASON_CODES`. */
import type { ReasonCodeEntry } from './handler-reason-codes.ts';

export const FIRMWARE_REASON_CODES = {
  FIRMWARE_TOOL_MISSING: {
    status: 'FAILED',
    summary: 'None of the tools is there, or it could not go back later. Nothing was written.',
    remedy:
      'Read `reason`. With SWUpdate, give `commit` and `rollback` where the bootloader has no U-Boot environment.',
  },
  FIRMWARE_TOOL_FAILED: {
    status: 'FAILED',
    summary: 'The tool did not say which system runs.',
    remedy: 'Read `reason`; try `rauc status` on the gateway.',
  },
  FIRMWARE_BUNDLE_UNREADABLE: {
    status: 'FAILED',
    summary: 'The bundle is not there, or may not be read. Nothing was written.',
    remedy: 'Bring it by a step before, such as `download-file` with the same `path`.',
  },
  FIRMWARE_URL_NOT_SUPPORTED: {
    status: 'FAILED',
    summary: 'The tool of this gateway is given files only.',
    remedy: 'Bring the image by `download-file`, and name it in `bundle`.',
  },
  FIRMWARE_NOT_INSTALLED: {
    status: 'FAILED',
    summary: 'The tool refused the bundle, or could not write it. The system that runs stays the one to start.',
    remedy: 'Read `reason`: the signature, the kind of gateway that the bundle is for, the disk.',
  },
  FIRMWARE_NOT_ACTIVATED: {
    status: 'FAILED',
    summary: 'The bundle was installed, and the bootloader would still start the system that runs.',
    remedy: 'See `activate-installed` in RAUC’s system.conf, and the bootloader’s interface.',
  },
  FIRMWARE_FELL_BACK: {
    status: 'FAILED',
    summary:
      'After the restart the system of before runs: the new one was not started, or failed to. Nothing was committed.',
    remedy: 'Look at the new system’s start on a serial console; try the bundle on another gateway.',
  },
  FIRMWARE_UNHEALTHY: {
    status: 'FAILED',
    summary:
      'The new system has started, and `healthCheck` said no until its time was over. The one of before runs again.',
    remedy: 'Read `reason`. Give it more time by `healthTimeoutSeconds` if it is only slow.',
  },
  FIRMWARE_NOT_COMMITTED: {
    status: 'FAILED',
    summary: 'The new system was well, and the tool could not make it the one to stay. The one of before runs again.',
    remedy: 'Read `reason`.',
  },
  FIRMWARE_ROLLBACK_FAILED: {
    status: 'FAILED',
    summary: 'The new system is not well, and the bootloader does not go back to the one of before.',
    remedy:
      'Read `reason`. The gateway runs the new system, uncommitted; send another update or look at it on the spot.',
  },
  FIRMWARE_STOPPED: {
    status: 'FAILED',
    summary: 'The step was stopped from outside. The next start takes the system that ran before.',
    remedy: 'None: the job was canceled, over its time limit, or the agent shut down.',
  },
} as const satisfies Record<string, ReasonCodeEntry>;
