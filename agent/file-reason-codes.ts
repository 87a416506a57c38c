/** Why operations that write and edit files fail. A part of `HANDLER_REASON_CODES`. */
import type { ReasonCodeEntry } from './handler-reason-codes.ts';

export const FILE_REASON_CODES = {
  FILE_NOT_WRITTEN: {
    status: 'FAILED',
    summary: 'A file could not be written.',
    remedy: 'Check free space, and whether the user that the step runs as may write there.',
  },
  FILE_CHANGED_MEANWHILE: {
    status: 'FAILED',
    summary: 'Something else changed the file while the job did. It was left as it is.',
    remedy: 'Look at the file, and run the job again if the change is still wanted.',
  },
  FILE_CHECK_FAILED: {
    status: 'FAILED',
    summary: 'The check of the new content failed. The old content was put back.',
    remedy: 'Read `reason`: it has what the program said.',
  },
  FILE_APPLY_FAILED: {
    status: 'FAILED',
    summary: 'The new content could not be made to take effect. The old content was put back, and applied again.',
    remedy: 'Read `reason`, and `phase`: where the old content could not be applied either, look at the gateway.',
  },
  FILE_NOT_ROLLED_BACK: {
    status: 'FAILED',
    summary: 'Check or apply failed, and the old content could not be put back.',
    remedy:
      'Look at the gateway: `reason` says what is in the way. The old content may be beside the file, as `.NAME.….kept`.',
  },
  FILE_CHANGE_STOPPED: {
    status: 'FAILED',
    summary: 'The change of a file was stopped from outside. The clean-up puts the old content back.',
    remedy:
      'None: the job was canceled, or over its time limit. Give a slow `check` or `apply` more with `timeoutSeconds`.',
  },
  CONFIG_UNREADABLE: {
    status: 'FAILED',
    summary: 'The file to be edited is not there, may not be read, or is no plain file.',
    remedy: 'Name the file itself. A file that is to be made anew is one for `write-file`.',
  },
  CONFIG_UNSUITABLE: {
    status: 'FAILED',
    summary: 'The file is larger than 1 MiB, as YAML than 128 KiB, or no text in UTF-8.',
    remedy: 'Write it whole, by `write-file` or `download-file`.',
  },
  CONFIG_NOT_PARSED: {
    status: 'FAILED',
    summary: 'The file is not of the format that the document names. Nothing was changed.',
    remedy: 'Look at the line and column in `reason`.',
  },
  CONFIG_CHANGE_IMPOSSIBLE: {
    status: 'FAILED',
    summary: 'The file has no place for the change, or more than one. Nothing was changed.',
    remedy: 'Read `reason`: it names the place.',
  },
  INVENTORY_STOPPED: {
    status: 'FAILED',
    summary: 'Taking the inventory was stopped from outside.',
    remedy: 'None: the job was canceled, over its time limit, or the agent shut down.',
  },
  LOGS_NOT_COLLECTED: {
    status: 'FAILED',
    summary: 'None of the sources could be read, or the working folder has no room.',
    remedy: 'Read `reason`: it names each source. The working folder needs up to twice `maxBytes` for each of them.',
  },
  LOGS_STOPPED: {
    status: 'FAILED',
    summary: 'Collecting logs was stopped from outside.',
    remedy: 'None: the job was canceled, over its time limit, or the agent shut down.',
  },
} as const satisfies Readonly<Record<string, ReasonCodeEntry>>;
