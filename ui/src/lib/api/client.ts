/// The one place that knows how the page reaches the console: by the window's own channel where
/// there is one, else by HTTP to the test host. Nothing else may import a Tauri package.
import { invoke } from '@tauri-apps/api/core';
import { listen as listenInWindow } from '@tauri-apps/api/event';
import type { CodedError } from './contract';

export interface ConsoleEvent {
  name: 'order_changed' | 'status_changed';
  order_id?: string;
  version?: number;
}

export interface Transport {
  call(command: string, args: object): Promise<unknown>;
  /// Calls back for every event until the returned function is called.
  listen(onEvent: (event: ConsoleEvent) => void): () => void;
}

const EVENT_NAMES = ['order_changed', 'status_changed'] as const;

function isCodedError(value: unknown): value is CodedError {
  return typeof value === 'object' && value !== null && 'code' in value && 'money' in value;
}

/// A failed call, with the code the texts are chosen by.
export class ConsoleError extends Error {
  readonly coded: CodedError;

  constructor(coded: CodedError) {
    super(coded.code);
    this.coded = coded;
  }
}

/// Whatever was thrown, as a coded error. Without a code we cannot say that no money moved.
export function codedErrorOf(thrown: unknown): CodedError {
  if (thrown instanceof ConsoleError) return thrown.coded;
  if (isCodedError(thrown)) return thrown;
  return { code: 'console_unreachable', money: 'unknown', params: {}, incident: '' };
}

function windowTransport(): Transport {
  return {
    call: (command, args) => invoke(command, { args }),
    listen(onEvent) {
      const stops = EVENT_NAMES.map((name) =>
        listenInWindow<Partial<ConsoleEvent>>(name, (event) =>
          onEvent({ ...event.payload, name }),
        ),
      );
      return () => stops.forEach((stop) => void stop.then((done) => done()));
    },
  };
}

function httpTransport(): Transport {
  return {
    async call(command, args) {
      const response = await fetch(`/api/${command}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(args),
      });
      const body: unknown = await response.json();
      if (!response.ok) throw body;
      return body;
    },
    listen(onEvent) {
      const source = new EventSource('/api/events');
      const receive = (message: MessageEvent<string>, fallback: ConsoleEvent['name']): void => {
        const parsed = JSON.parse(message.data) as Partial<ConsoleEvent>;
        onEvent({ ...parsed, name: parsed.name ?? fallback });
      };
      for (const name of EVENT_NAMES) {
        source.addEventListener(name, (message) => receive(message as MessageEvent<string>, name));
      }
      source.onmessage = (message: MessageEvent<string>) => receive(message, 'status_changed');
      return () => source.close();
    },
  };
}

let transport: Transport | null = null;

function current(): Transport {
  transport ??= '__TAURI_INTERNALS__' in globalThis ? windowTransport() : httpTransport();
  return transport;
}

/// Puts another transport in place; tests and the look-at-it page use this.
export function useTransport(replacement: Transport): void {
  transport = replacement;
}

export async function callConsole<Result>(command: string, args: object): Promise<Result> {
  try {
    return (await current().call(command, args)) as Result;
  } catch (thrown) {
    throw new ConsoleError(codedErrorOf(thrown));
  }
}

export function listenToConsole(onEvent: (event: ConsoleEvent) => void): () => void {
  return current().listen(onEvent);
}
