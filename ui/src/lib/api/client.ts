/// The one place that knows how the page reaches the console: by the window's own channel where
/// there is one, else by HTTP to the test host. Nothing else may import a Tauri package.
import { invoke } from '@tauri-apps/api/core';
import { listen as listenInWindow } from '@tauri-apps/api/event';
import type { CommandError, Commands, Event } from './contract';

export interface Transport {
  call(command: string, args: object): Promise<unknown>;
  /// Calls back for every event until the returned function is called.
  listen(onEvent: (event: Event) => void): () => void;
}

const EVENT_NAMES = ['order_changed', 'quit_asked', 'status_changed'] as const;

function isCommandError(value: unknown): value is CommandError {
  return typeof value === 'object' && value !== null && 'code' in value && 'money' in value;
}

/// A failed call, with the code the texts are chosen by.
export class ConsoleError extends Error {
  readonly coded: CommandError;

  constructor(coded: CommandError) {
    super(coded.code);
    this.coded = coded;
  }
}

/// Whatever was thrown, as a coded error. Without a code we cannot say that no money moved.
export function commandErrorOf(thrown: unknown): CommandError {
  if (thrown instanceof ConsoleError) return thrown.coded;
  if (isCommandError(thrown)) return thrown;
  return { code: 'internal', money: 'unknown', params: {}, incident: '' };
}

function asEvent(payload: unknown, name: string): Event {
  return { ...(payload as object), event: name } as Event;
}

function windowTransport(): Transport {
  return {
    call: (command, args) => invoke(command, { args }),
    listen(onEvent) {
      const stops = EVENT_NAMES.map((name) =>
        listenInWindow(name, (message) => onEvent(asEvent(message.payload, name))),
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
      const receive = (message: MessageEvent<string>): void => {
        const parsed = JSON.parse(message.data) as Event;
        onEvent(asEvent(parsed, parsed.event ?? message.type));
      };
      for (const name of EVENT_NAMES) {
        source.addEventListener(name, (message) => receive(message as MessageEvent<string>));
      }
      source.onmessage = (message: MessageEvent<string>) => receive(message);
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

export async function callConsole<Name extends keyof Commands>(
  command: Name,
  args: Commands[Name]['args'],
): Promise<Commands[Name]['answer']> {
  try {
    return (await current().call(command, args)) as Commands[Name]['answer'];
  } catch (thrown) {
    throw new ConsoleError(commandErrorOf(thrown));
  }
}

export function listenToConsole(onEvent: (event: Event) => void): () => void {
  return current().listen(onEvent);
}

/// Whether the page is shown by the program's own window.
export const inWindow = '__TAURI_INTERNALS__' in globalThis;

/// The system's dialog for a new file. Null: there is none here, or nothing was chosen.
export async function chooseExportFile(name: string): Promise<string | null> {
  if (!inWindow) return null;
  return invoke<string | null>('choose_export_file', { args: { name } });
}

/// The system's dialog for bills that are there already, as places. None: nothing was chosen.
export async function chooseBillFiles(): Promise<readonly string[]> {
  return invoke<string[]>('choose_bill_files');
}

/// Ends the program although results are open; the core goes on with them at the next start.
export async function confirmQuit(): Promise<void> {
  if (!('__TAURI_INTERNALS__' in globalThis)) return;
  await invoke('confirm_quit');
}
