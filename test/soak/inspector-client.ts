/** The debugger of another process: the little of WebSocket (RFC 6455) that the inspector of Node.js 20 needs. */
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { get, type IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { JsonObject } from '../../agent/core/json.ts';

export interface Inspector {
  /** @throws Error with what the debugger says, or that the process is gone. */
  call(method: string, parameters?: JsonObject): Promise<JsonObject>;
  close(): void;
}

interface Waiting {
  resolve(result: JsonObject): void;
  reject(error: Error): void;
}

interface Reply {
  readonly id?: number;
  readonly result?: JsonObject;
  readonly error?: { readonly message: string };
}

/** @param url as Node.js prints it: `ws://127.0.0.1:PORT/ID`. */
export async function connectInspector(url: string): Promise<Inspector> {
  const socket = await upgrade(url);
  const waiting = new Map<number, Waiting>();
  let lastId = 0;
  readTexts(socket, (text) => {
    const { id, result, error } = JSON.parse(text) as Reply;
    const caller = waiting.get(id ?? 0); // events have no id
    if (id === undefined || caller === undefined) return;
    waiting.delete(id);
    if (error === undefined) caller.resolve(result ?? {});
    else caller.reject(new Error(error.message));
  });
  socket.on('error', () => undefined); // 'close' follows
  socket.on('close', () => {
    for (const { reject } of waiting.values()) reject(new Error('the process that is debugged has gone'));
    waiting.clear();
  });
  return {
    call(method, parameters = {}) {
      lastId += 1;
      const id = lastId;
      return new Promise((resolve, reject) => {
        waiting.set(id, { resolve, reject });
        socket.write(textFrame(JSON.stringify({ id, method, params: parameters })));
        if (socket.destroyed) reject(new Error('the process that is debugged has gone'));
      });
    },
    close: () => void socket.destroy(),
  };
}

async function upgrade(url: string): Promise<Socket> {
  const request = get(url.replace(/^ws:/, 'http:'), {
    headers: {
      connection: 'Upgrade',
      upgrade: 'websocket',
      'sec-websocket-key': randomBytes(16).toString('base64'),
      'sec-websocket-version': '13',
    },
  });
  const [, socket] = (await once(request, 'upgrade')) as [IncomingMessage, Socket];
  return socket.setNoDelay(true);
}

const FINAL_TEXT = 0x81;
const MASKED = 0x80;
const NO_MASK = Buffer.alloc(4); // a client has to mask; with zeros the text stays as it is

function textFrame(text: string): Buffer {
  const payload = Buffer.from(text);
  return Buffer.concat([Buffer.from([FINAL_TEXT, ...maskedLength(payload.length)]), NO_MASK, payload]);
}

function maskedLength(length: number): readonly number[] {
  if (length < 126) return [MASKED | length];
  if (length > 0xffff) throw new Error('a call to the debugger is too long');
  return [MASKED | 126, length >> 8, length & 0xff];
}

function readTexts(socket: Socket, onText: (text: string) => void): void {
  let unread = Buffer.alloc(0);
  socket.on('data', (chunk: Buffer) => {
    unread = Buffer.concat([unread, chunk]);
    for (let frame = firstFrame(unread); frame !== null; frame = firstFrame(unread)) {
      unread = unread.subarray(frame.end);
      if (frame.isText) onText(frame.payload.toString());
    }
  });
}

/** Of a server, which does not mask; `null` while it is not whole. */
function firstFrame(bytes: Buffer): { isText: boolean; payload: Buffer; end: number } | null {
  const [first, second] = bytes;
  if (first === undefined || second === undefined) return null;
  const extra = second === 127 ? 8 : second === 126 ? 2 : 0;
  const start = 2 + extra;
  if (bytes.length < start) return null;
  const length = extra === 8 ? Number(bytes.readBigUInt64BE(2)) : extra === 2 ? bytes.readUInt16BE(2) : second;
  const end = start + length;
  return bytes.length < end ? null : { isText: first === FINAL_TEXT, payload: bytes.subarray(start, end), end };
}
