/** Who is connected, for whoever wants to show it. */

/** One MQTT connection that was accepted. */
export interface Connection {
  /** The thing it acts for, where that can be told. */
  readonly thingName: string | undefined;
  readonly clientId: string;
  /** Milliseconds since the epoch. */
  readonly connectedAtMs: number;
  /** The client's IP address. */
  readonly address: string;
}

export interface ConnectionChange {
  readonly connection: Connection;
  /** False where it has just ended. */
  readonly connected: boolean;
}

export interface Connections<Client> {
  opened(client: Client, connection: Connection): void;
  /** A client that was never opened changes nothing. */
  closed(client: Client): void;
  list(): Connection[];
  clientOf(clientId: string): Client | undefined;
  clients(): Client[];
  /** @returns what stops it. */
  onChange(listener: (change: ConnectionChange) => void): () => void;
}

export function createConnections<Client>(): Connections<Client> {
  const open = new Map<Client, Connection>();
  const byClientId = new Map<string, Client>();
  const listeners = new Set<(change: ConnectionChange) => void>();
  const tell = (change: ConnectionChange) => {
    for (const listener of listeners) listener(change);
  };
  return {
    opened: (client, connection) => {
      open.set(client, connection);
      byClientId.set(connection.clientId, client);
      tell({ connection, connected: true });
    },
    closed: (client) => {
      const connection = open.get(client);
      if (!connection) return;
      open.delete(client);
      if (byClientId.get(connection.clientId) === client) byClientId.delete(connection.clientId);
      tell({ connection, connected: false });
    },
    list: () => [...open.values()],
    clientOf: (clientId) => byClientId.get(clientId),
    clients: () => [...open.keys()],
    onChange: (listener) => {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
  };
}
