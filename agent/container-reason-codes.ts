/** Why containers fail. A part of `HANDLER_REASON_CODES`. */
import type { ReasonCodeEntry } from './handler-reason-codes.ts';

export const CONTAINER_REASON_CODES = {
  CONTAINER_ENGINE_MISSING: {
    status: 'FAILED',
    summary: 'There is neither a docker whose daemon answers nor a podman.',
    remedy:
      'Read `reason`. The user that the step runs as must be allowed to use the engine; with podman that takes a home folder, which `nobody` has not.',
  },
  CONTAINER_COMPOSE_MISSING: {
    status: 'FAILED',
    summary: 'The engine is there, and no compose for it.',
    remedy: 'Install the compose plugin of docker or podman-compose, or use `run` for a single container.',
  },
  CONTAINER_ENGINE_FAILED: {
    status: 'FAILED',
    summary: 'The engine did not answer a question about containers.',
    remedy: 'Read `reason`, and the log of the engine on the gateway.',
  },
  CONTAINER_PROJECT_UNKNOWN: {
    status: 'FAILED',
    summary: 'No job has brought up a project of that name on this gateway, so there is no compose file.',
    remedy: 'Use `up` with `compose` or `composeFile` first.',
  },
  CONTAINER_NOT_OURS: {
    status: 'FAILED',
    summary: 'Containers of that name were started by somebody else. Nothing was done.',
    remedy: 'Choose another name, or take them over with `"adopt": true`.',
  },
  CONTAINER_FILE_UNREADABLE: {
    status: 'FAILED',
    summary: 'The compose file is no plain file of the working folder, or too large.',
    remedy: 'Bring it there by a step before, such as `download-file` with a relative `path`.',
  },
  CONTAINER_STATE_NOT_KEPT: {
    status: 'FAILED',
    summary:
      'What the agent keeps of a project, to go back by, could not be written or read. The containers are as before.',
    remedy:
      'Read `reason`: a full disk, a file that somebody has changed, or a step whose `runAs` names a user who may not write to the agent’s `stateDir` and has no home folder of his own. Such a user has no containers either.',
  },
  CONTAINER_PULL_FAILED: {
    status: 'FAILED',
    summary: 'An image could not be pulled. The containers run as before.',
    remedy:
      'Read `reason`: the name, the network, or the registry’s login (`docker login`, `podman login` on the gateway).',
  },
  CONTAINER_NOT_STARTED: {
    status: 'FAILED',
    summary: 'Compose or the engine could not start the containers. What was before was brought back.',
    remedy: 'Read `reason`; try the compose file on another machine.',
  },
  CONTAINER_UNHEALTHY: {
    status: 'FAILED',
    summary:
      'A container was unhealthy, or not healthy within `healthTimeoutSeconds`. What was before was brought back.',
    remedy: 'Read `reason`. Give a slow application more time, or a `start_period` to its health check.',
  },
  CONTAINER_DID_NOT_STAY_UP: {
    status: 'FAILED',
    summary: 'A container ended, or was restarted, before `stayUpSeconds` were over. What was before was brought back.',
    remedy: 'Read `reason`; try the image on another machine.',
  },
  CONTAINER_NOT_STOPPED: {
    status: 'FAILED',
    summary: 'Containers could not be stopped or removed.',
    remedy: 'Read `reason`, and the log of the engine on the gateway.',
  },
  CONTAINER_ROLLBACK_FAILED: {
    status: 'FAILED',
    summary: 'The containers do not work, and those of before could not be brought back either.',
    remedy: 'Read `reason`. The next `up` leads back to what had worked at last when it fails, too.',
  },
  CONTAINER_STOPPED: {
    status: 'FAILED',
    summary: 'The step was stopped from outside. What was before is brought back after that.',
    remedy: 'None: the job was canceled, over its time limit, or the agent shut down.',
  },
} as const satisfies Record<string, ReasonCodeEntry>;
