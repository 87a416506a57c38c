import {
  type HandlerPlan,
  type HandlerResult,
  type InlineContext,
  type InlineHandler,
  type ParameterProblem,
  succeeded,
} from '../../agent/handler-api.ts';
import { type SetLogLevelParameters, setLogLevelParameters } from './parameters.ts';

/** To set it twice is to set it once; a restart of the agent in between has undone it. */
export const setLogLevelHandler: InlineHandler<typeof setLogLevelParameters> = {
  operation: 'set-log-level',
  kind: 'inline',
  summary: 'Changes how much the agent logs, for a time or until it is restarted.',
  parameters: setLogLevelParameters,
  onInterrupted: 'rerun',
  check: checkTime,
  plan: planLevel,
  run: setLogLevel,
};

function checkTime({ level, forSeconds }: SetLogLevelParameters): ParameterProblem | undefined {
  if (level !== 'configured' || forSeconds === undefined) return undefined;
  return { pointer: '/forSeconds', reason: 'means nothing for configured, which is where the level goes back to' };
}

async function setLogLevel(
  { agentLog }: InlineContext,
  { level, forSeconds }: SetLogLevelParameters,
): Promise<HandlerResult> {
  const oldLevel = agentLog.level;
  const newLevel = level === 'configured' ? agentLog.configuredLevel : level;
  const backTo = agentLog.setLevel(newLevel, forSeconds);
  return succeeded({ oldLevel, newLevel, ...(forSeconds === undefined ? {} : { backTo, backInSeconds: forSeconds }) });
}

async function planLevel({ level, forSeconds }: SetLogLevelParameters): Promise<HandlerPlan> {
  const until = forSeconds === undefined ? 'until the agent is restarted' : `for ${forSeconds} s`;
  const action =
    level === 'configured'
      ? 'set the level of the agent’s log back to logLevel of the configuration'
      : `set the level of the agent’s log to ${level} ${until}`;
  return { actions: [action], problems: [] };
}
