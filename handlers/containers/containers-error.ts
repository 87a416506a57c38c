/** Why the step ends. Its message is for the operator, without a value of the environment. */
export class ContainersError extends Error {
  override readonly name = 'ContainersError';
  readonly code: ContainersErrorCode;
  constructor(code: ContainersErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}

export type ContainersErrorCode =
  | 'CONTAINER_ENGINE_MISSING'
  | 'CONTAINER_COMPOSE_MISSING'
  | 'CONTAINER_ENGINE_FAILED'
  | 'CONTAINER_PROJECT_UNKNOWN'
  | 'CONTAINER_NOT_OURS'
  | 'CONTAINER_FILE_UNREADABLE'
  | 'CONTAINER_STATE_NOT_KEPT'
  | 'CONTAINER_PULL_FAILED'
  | 'CONTAINER_NOT_STARTED'
  | 'CONTAINER_UNHEALTHY'
  | 'CONTAINER_DID_NOT_STAY_UP'
  | 'CONTAINER_NOT_STOPPED';
