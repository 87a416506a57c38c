/** A Unix datagram socket, which Node.js cannot open, held by Python. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';

// recv without room for control messages drops the descriptor of BARRIER=1, which is what systemd-notify waits for.
const RECEIVER = `
import socket, sys
receiver = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
receiver.bind(sys.argv[1])
print('bound', flush=True)
while True:
    print(receiver.recv(4096).decode(), flush=True)
`;

export interface DatagramReceiver {
  readonly socket: string;
  /** Where the programs are that the test needs. */
  readonly PATH: string;
  /** The lines of all datagrams so far. */
  received(): readonly string[];
}

export async function startDatagramReceiver(): Promise<DatagramReceiver> {
  const folder = await mkdtemp(join(tmpdir(), 'datagrams-'));
  const socket = join(folder, 'socket');
  const child = spawn('python3', ['-c', RECEIVER, socket], { stdio: ['ignore', 'pipe', 'inherit'] });
  onTestFinished(async () => {
    child.kill('SIGKILL');
    await once(child, 'exit');
    await rm(folder, { recursive: true });
  });
  let printed = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    printed += text;
  });
  await once(child.stdout, 'data');
  return { socket, PATH: '/usr/bin:/bin', received: () => printed.split('\n') };
}
