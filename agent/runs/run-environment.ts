import { HANDLER_PATH } from '../handler-api.ts';
import type { UserAccount } from '../ports/user-database.ts';
import type { RunFolder } from './run-folder.ts';
import type { StepRun } from './step-runner.ts';

export interface RunEnvironmentOptions {
  readonly thingName: string;
  readonly operation: string;
  readonly account: UserAccount;
  readonly folder: Pick<RunFolder, 'workDir' | 'documentFile' | 'statusFile' | 'checkpointFile'>;
}

/** The whole environment of a handler. Nothing of the agent's own gets in: it may hold credentials (I9). */
export function runEnvironment(run: StepRun, options: RunEnvironmentOptions): Readonly<Record<string, string>> {
  const { thingName, operation, account, folder } = options;
  return {
    ...baseEnvironment(account),
    JOB_ID: run.execution.jobId,
    JOB_EXECUTION_NUMBER: String(run.execution.executionNumber),
    JOB_THING_NAME: thingName,
    JOB_OPERATION: operation,
    JOB_STEP: String(run.stepIndex),
    JOB_PURPOSE: run.purpose,
    JOB_ATTEMPT: String(run.attempt),
    JOB_DOCUMENT_FILE: folder.documentFile,
    JOB_WORK_DIR: folder.workDir,
    JOB_STATUS_FILE: folder.statusFile,
    JOB_CHECKPOINT_FILE: folder.checkpointFile,
  };
}

/** What every program gets, whatever it is for. */
export function baseEnvironment({ home, name }: UserAccount): Readonly<Record<string, string>> {
  return { PATH: HANDLER_PATH, HOME: home, USER: name, LOGNAME: name, LANG: 'C.UTF-8' };
}
