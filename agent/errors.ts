/**
 * Every code an operator can meet, with what it means and what to do. `docs/errors.md` is made from these tables; a rule
 * test fails when a code is used that is not here, or is here and used nowhere.
 */
import { HANDLER_REASON_CODES, type ReasonCodeEntry } from './handler-reason-codes.ts';
import type { JournalErrorCode } from './ports/journal.ts';
import type { TransportErrorCode } from './ports/transport.ts';

export interface ErrorCodeEntry {
  readonly summary: string;
  readonly remedy: string;
}

export type ReasonCode = keyof typeof REASON_CODES;

/** `reasonCode` in the statusDetails of a job execution. Codes are kept as they are: operators search for them. */
export const REASON_CODES = {
  JOB_DOCUMENT_INVALID: {
    status: 'REJECTED',
    summary: 'The job document has none of the known formats, or a part of it is wrong. `path` says which.',
    remedy: 'Correct the document and create a new job.',
  },
  UNKNOWN_OPERATION: {
    status: 'REJECTED',
    summary: 'No handler of this gateway does the operation, and `handlersDir` has no file of that name.',
    remedy:
      'Compare with `docs/handlers.md` and with the files in `handlersDir`. Where another agent shares the thing, set `unknownOperation` to `leave`.',
  },
  PARAMETERS_INVALID: {
    status: 'REJECTED',
    summary: 'The parameters do not fit the handler’s schema.',
    remedy: 'Correct what `path` points at and create a new job.',
  },
  USER_NOT_ALLOWED: {
    status: 'REJECTED',
    summary: 'The document names a user that configuration does not allow.',
    remedy: 'Add the user to `runAsUsers`, if jobs may act as that user.',
  },
  USER_UNKNOWN: {
    status: 'REJECTED',
    summary: 'The gateway has no user of that name.',
    remedy: 'Create the user, or correct the name in the document.',
  },
  USER_CANNOT_ENTER: {
    status: 'REJECTED',
    summary: 'The user that a step is to run as may not pass through a folder that the step needs.',
    remedy: 'Run the `chmod` that `reason` names.',
  },
  USER_CANNOT_READ: {
    status: 'REJECTED',
    summary: 'The user that a step is to run as may not read the handler’s module.',
    remedy: 'Run the `chmod` that `reason` names, also for what the module imports.',
  },
  HANDLER_FOLDER_NOT_ALLOWED: {
    status: 'REJECTED',
    summary: 'The document names a folder of handlers that configuration does not allow.',
    remedy: 'Add the folder to `handlerPaths`, if what lies in it may be run by jobs.',
  },
  HANDLER_OUTSIDE_FOLDER: {
    status: 'REJECTED',
    summary: 'The handler’s file is a link that leads out of its folder.',
    remedy: 'Put the file itself into the folder.',
  },
  HANDLER_NOT_EXECUTABLE: {
    status: 'REJECTED',
    summary: 'The handler’s file cannot be run, or others than root and the agent’s user could change it.',
    remedy: 'Make it and the folders it is in root’s, with mode 755. `reason` says which of these is wrong.',
  },
  HANDLER_NAME_CLASH: {
    status: 'REJECTED',
    summary:
      'Two files in `handlersDir` could be meant by the operation, or (in lists) a file is not used, as the operation is built in.',
    remedy: 'Remove the one that `reason` names and that is not wanted, or rename it.',
  },
  HANDLER_MANIFEST_INVALID: {
    status: 'REJECTED',
    summary: 'The file `<name>.handler.json` beside the handler is wrong, or others could change it.',
    remedy: 'Correct the file: `reason` names it, the place in it, and what was expected there.',
  },
  HANDLER_MODULE_INVALID: {
    status: 'REJECTED',
    summary:
      'The handler’s module in `handlersDir` could not be imported, or what it declares is no handler that this agent can run.',
    remedy:
      'Correct the file: `reason` names it, and what is wrong. The agent was not harmed; it never loads such a file.',
  },
  HANDLER_MODULE_SILENT: {
    status: 'REJECTED',
    summary: 'The handler’s module ended, hung or said too much when it was asked what it is.',
    remedy: 'At its top level a module only declares: let it work, wait and exit in `run` alone.',
  },
  HANDLER_NOT_ASKED: {
    status: 'FAILED',
    summary:
      'The gateway could not ask the handler’s module what it is, several times in two minutes: no space, no memory, no process left. Nothing was run.',
    remedy:
      'Read `reason`; free space where `runtimeDir` is, or memory. The job can be created again, or retried by its own settings.',
  },
  HANDLER_REFUSED: {
    status: 'REJECTED',
    summary: 'The program ended with an exit code by which it refuses the job for good, as its manifest says.',
    remedy: 'Read `reason`, the last line that it wrote to stderr, and create a job that it can do.',
  },
  HANDLER_NOT_STARTED: {
    status: 'FAILED',
    summary: 'The program could not be started; `reason` has the system’s word for why.',
    remedy:
      'Check that the program and its interpreter are installed and may be executed by the user it runs as, and that `stateDir` and `runtimeDir` have free space.',
  },
  HANDLER_EXIT_CODE: {
    status: 'FAILED',
    summary: 'The program ended with an exit code other than 0.',
    remedy:
      'Read `stderr`, the end of what it wrote there: it is in the details, and in the agent’s log. With `logLevel` `debug` the log has its output line by line.',
  },
  HANDLER_SIGNALED: {
    status: 'FAILED',
    summary: 'The program was ended by a signal that the agent did not send.',
    remedy: 'For SIGKILL look for the out-of-memory killer in the kernel’s log; for SIGSEGV at the program.',
  },
  HANDLER_STDERR: {
    status: 'FAILED',
    summary: 'The program wrote more lines to stderr than the document’s `allowStdErr`.',
    remedy: 'Read `stderr` in the details; raise `allowStdErr` if those lines are harmless.',
  },
  HANDLER_ERROR: {
    status: 'FAILED',
    summary: 'The handler itself threw an error.',
    remedy: 'Read `reason`; it is a fault of the handler if nothing there names another.',
  },
  HANDLER_NO_RESULT: {
    status: 'FAILED',
    summary: 'The handler’s process ended without telling how its work went.',
    remedy: 'Look for the out-of-memory killer, and for a handler that calls `process.exit`.',
  },
  CONDITION_UNKNOWN: {
    status: 'FAILED',
    summary: 'Whether the condition of a step (`runIf`) holds on this gateway cannot be told.',
    remedy:
      'Read `reason`: a path may be missing, a file not readable for the user of the agent, or the package manager out of order. What cannot be told is never taken for yes.',
  },
  HANDLER_NOT_STOPPED: {
    status: 'FAILED',
    summary: 'The handler was told to stop and did not, not even by SIGKILL.',
    remedy:
      'Look for a process stuck in the kernel (state D), most often on a dead disk or network mount; restart the gateway.',
  },
  JOB_TIMED_OUT: {
    status: 'FAILED',
    summary:
      'The time limit of the whole job (`timeoutConfig`) was over before the job was. The service may say TIMED_OUT.',
    remedy: 'Give the job more time, or find out what took so long.',
  },
  POWER_OFF_FAILED: {
    status: 'FAILED',
    summary:
      'The step needs the gateway to be powered off, and that could not be asked for, or it was still on ten minutes later.',
    remedy:
      'Read `reason`: the command in `shutdownCommand` may be missing, or the user of the agent may not be allowed to run it (polkit, sudo). In a container it has to reach the host.',
  },
  REBOOT_FAILED: {
    status: 'FAILED',
    summary:
      'The step needs a restart of the gateway, and that could not be asked for or did not happen in ten minutes.',
    remedy:
      'Read `reason`: the command in `rebootCommand` may be missing, or the user of the agent may not be allowed to run it (polkit, sudo). In a container it has to reach the host.',
  },
  REBOOT_LOOP: {
    status: 'FAILED',
    summary: 'The handler asked for a restart of the gateway, or its power-off, again and again.',
    remedy: 'Look at why the handler never finds the gateway as it wants it. After the third restart none is made.',
  },
  RETRIES_EXHAUSTED: {
    status: 'FAILED',
    summary: 'The handler asked to be tried later, 25 times.',
    remedy: 'Remove what `reason` names, and create a new job.',
  },
  STEP_TIMED_OUT: {
    status: 'FAILED',
    summary: 'A step took longer than its time limit and was stopped.',
    remedy: 'Raise `timeoutSeconds` in the document, or find out what the step waited for.',
  },
  AGENT_STOPPED: {
    status: 'FAILED',
    summary: 'The agent was told to stop while the step ran, and the handler may not be run again.',
    remedy: 'Create a new job. `shutdownMode` and `shutdownGraceSeconds` say how long the agent waits first.',
  },
  INTERRUPTED: {
    status: 'FAILED',
    summary: 'Power or the agent was lost while the step ran, and the handler may not be run again (or too often was).',
    remedy: 'Check how far the step had come, then create a new job.',
  },
  STATE_LOST: {
    status: 'FAILED',
    summary: 'The service says that the execution is in progress, but this agent’s journal does not know it.',
    remedy: 'Check how far it had come, then create a new job. The log says what became of the journal.',
  },
  JOURNAL_FAILED: {
    status: 'FAILED',
    summary: 'The disk no longer takes what the agent must remember, so nothing was started.',
    remedy: 'Free or replace the disk under `stateDir`, then restart the agent.',
  },
  ...HANDLER_REASON_CODES,
} as const satisfies Record<string, ReasonCodeEntry>;

/** In the agent’s log, and in `job-agent status`: why there is no connection. The agent goes on trying. */
export const TRANSPORT_ERROR_CODES: Readonly<Record<TransportErrorCode, ErrorCodeEntry>> = {
  TRANSPORT_UNAVAILABLE: {
    summary: 'The MQTT library of `transport` is not installed, or has no binary for this machine.',
    remedy: 'Use `mqtt`, or install the package aws-iot-device-sdk-v2.',
  },
  NAME_NOT_RESOLVED: {
    summary: 'DNS does not know the host of `endpoint`, or there is no DNS.',
    remedy:
      'Check `endpoint` and the gateway’s name servers (`getent hosts ENDPOINT` must print an address), and that the network is up.',
  },
  CONNECT_REFUSED: {
    summary: 'Nothing listens there, or the network refuses.',
    remedy: 'Check `port`, routes and firewalls (TCP 8883 out).',
  },
  CONNECT_TIMEOUT: {
    summary: 'No connection within `connectTimeoutSeconds`.',
    remedy: 'Most often a firewall that drops packets; else raise the limit on slow links.',
  },
  TLS_SERVER_UNTRUSTED: {
    summary: 'The broker’s certificate is not signed by an authority in `caPath`.',
    remedy: 'Use Amazon Root CA 1 and 3 with an ATS endpoint. Also check for a proxy that opens TLS.',
  },
  TLS_SERVER_NAME_MISMATCH: {
    summary: 'The broker’s certificate is for another host name.',
    remedy: 'Give the full host name in `endpoint`, not an address or an alias.',
  },
  TLS_SERVER_EXPIRED: {
    summary: 'The broker’s certificate, or one that it stands on, has expired, by the gateway’s clock.',
    remedy: 'Check the gateway’s clock first: when it is set, the agent connects within seconds.',
  },
  TLS_SERVER_NOT_YET_VALID: {
    summary: 'The broker’s certificate, or one that it stands on, is not valid yet, by the gateway’s clock.',
    remedy:
      'None where NTP is about to set the clock of a board without a battery: the agent waits, and connects within seconds. Else set the clock.',
  },
  TLS_CLIENT_REFUSED: {
    summary: 'The broker refused the gateway’s certificate.',
    remedy:
      'Check that it is registered and ACTIVE in AWS IoT, and belongs to the account of `endpoint`. The agent tries again every ten minutes at least.',
  },
  TLS_FAILED: {
    summary: 'TLS failed for another reason.',
    remedy: 'Read the message; check that `port` speaks MQTT over TLS.',
  },
  MQTT_NOT_AUTHORIZED: {
    summary: 'The broker did not authorize the connection.',
    remedy:
      'Check that the policy of the certificate allows iot:Connect for `clientId`. The agent tries again every ten minutes at least.',
  },
  MQTT_REFUSED: {
    summary: 'The broker refused the connection for another reason.',
    remedy: 'Read the message; it has the return code of CONNACK.',
  },
  SUBSCRIBE_REFUSED: {
    summary:
      'The broker refused a subscription, or closed the connection for it. The agent works without it; `missingRights` in the log and in `job-agent status` names it.',
    remedy:
      'Let the policy allow what `missingRights` names, and iot:Receive on the same topics. The agent asks again within the hour.',
  },
  SUBSCRIBE_TIMEOUT: {
    summary: 'The broker did not answer a subscription.',
    remedy: 'None when rare. When often: check the broker, and what lies between.',
  },
  PROTOCOL_ERROR: {
    summary: 'The broker sent what is not MQTT, or not what MQTT allows there.',
    remedy: 'Check that `endpoint` and `port` are an MQTT broker’s, and that nothing between changes the bytes.',
  },
  KEEP_ALIVE_TIMEOUT: {
    summary: 'The broker did not answer within one and a half of `keepAliveSeconds`.',
    remedy: 'None when rare. When often: check the link, and NAT time-outs shorter than the keep-alive.',
  },
  CLOSED_BY_BROKER: {
    summary: 'The broker closed the connection.',
    remedy: 'When it happens at once, check for a forbidden topic, and for another client with the same `clientId`.',
  },
  CLIENT_ID_IN_USE: {
    summary:
      'Two clients use the same client id: three times in a row the broker closed the connection within ten seconds. The agent leaves the id to the other one for a minute and more.',
    remedy:
      'Find the other client with this `clientId` (a second agent, a cloned SD card, a test tool) and give each device a thing, a certificate and a client id of its own.',
  },
  PUBLISH_REFUSED: {
    summary:
      'Three times in a row the broker closed the connection when the agent published to one and the same topic, as AWS IoT does where the policy forbids it.',
    remedy: 'Let the policy allow iot:Publish on the topic that the message names.',
  },
  CLOSED_BY_US: {
    summary: 'The agent closed the connection.',
    remedy: 'None.',
  },
};

/** In the agent’s log: why it cannot remember. */
export const JOURNAL_ERROR_CODES: Readonly<Record<JournalErrorCode, ErrorCodeEntry>> = {
  JOURNAL_UNWRITABLE: {
    summary: 'The journal in `stateDir` cannot be made, opened or written.',
    remedy: 'Check the disk, and that the agent’s user owns `stateDir`.',
  },
  JOURNAL_TOO_NEW: {
    summary: 'A later version of the agent wrote the journal. It was left as it is.',
    remedy: 'Install that version again, let it finish its jobs, then go back; or move the journal away.',
  },
  JOURNAL_LOCKED: {
    summary: 'Another agent has the journal open.',
    remedy: 'Stop the other one, or give this one a `stateDir` of its own.',
  },
  JOURNAL_ENTRY_TOO_LARGE: {
    summary: 'One execution is more than the journal can hold.',
    remedy: 'Make the job document smaller.',
  },
};
