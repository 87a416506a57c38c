/** The admin API over the parts of a running cloud. */
import type { Logger } from 'pino';
import { isLoopback } from '../arguments.ts';
import type { Broker } from '../broker/broker.ts';
import type { TurnableClock } from '../clock.ts';
import type { FaultControl } from '../faults/fault-control.ts';
import type { RunningService } from '../running-service.ts';
import { type AdminApi, createAdminApi } from './admin-api.ts';
import type { AdminCloud, CloudListener } from './admin-cloud.ts';
import { keepAdminToken } from './admin-token.ts';

export interface CloudParts {
  readonly jobs: RunningService;
  readonly broker: Pick<Broker, 'connections' | 'onConnectionChange' | 'disconnect'>;
  readonly clock: TurnableClock;
  readonly faults: FaultControl;
  readonly call: AdminCloud['call'];
  readonly addThing: AdminCloud['addThing'];
}

export interface AdminOptions {
  readonly dataDir: string;
  /** Where it listens. */
  readonly host: string;
  readonly log: Logger;
}

export interface Admin extends AdminApi {
  /** `call` of the parts, for the REST API too: what is done there is seen in the console. */
  readonly call: AdminCloud['call'];
  /** Address of the web console, with its token behind the `#`: that part of an address is never sent. */
  consoleUrl(port: number): string;
}

export async function startAdmin({ dataDir, host, log }: AdminOptions, parts: CloudParts): Promise<Admin> {
  const token = await keepAdminToken(dataDir);
  const cloud = adminCloudOf(parts);
  const api = createAdminApi({ cloud, token, isAnyHostAllowed: !isLoopback(host), log });
  return { ...api, call: cloud.call, consoleUrl: (port) => `http://${hostName(host)}:${port}/console#token=${token}` };
}

/** As this machine reaches it: an address that means every interface is no address to go to. */
function hostName(host: string): string {
  if (host === '0.0.0.0' || host === '::') return '127.0.0.1';
  return host.includes(':') ? `[${host}]` : host;
}

function adminCloudOf({ jobs, broker, clock, faults, call, addThing }: CloudParts): AdminCloud {
  const listeners = new Set<CloudListener>();
  clock.onTurned(() => {
    for (const listener of listeners) listener.clockTurned();
  });
  return {
    state: jobs.state,
    clock,
    faults,
    addThing,
    call: async (operation, input) => {
      const answer = await call(operation, input);
      for (const listener of listeners) listener.operationDone(operation);
      return answer;
    },
    connectedThings: () => {
      const names = broker.connections().map(({ thingName }) => thingName);
      return new Set(names.filter((name) => name !== undefined));
    },
    disconnect: (thingName) => {
      const connections = broker.connections().filter((connection) => connection.thingName === thingName);
      return connections.filter(({ clientId }) => broker.disconnect(clientId)).length;
    },
    listen: (listener) => {
      listeners.add(listener);
      const ends = [
        jobs.onChange(listener.executionChanged),
        broker.onConnectionChange(({ connection: { thingName }, connected }) => {
          if (thingName !== undefined) listener.connectionChanged(thingName, connected);
        }),
      ];
      return () => {
        listeners.delete(listener);
        for (const end of ends) end();
      };
    },
  };
}
