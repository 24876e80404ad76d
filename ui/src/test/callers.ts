/// The part of the stand-in that plays the interface for other software: off, and without keys.
import type { InterfaceView } from '$lib/api/contract';
import { NOW, type Answers } from './fake';

type CallerAnswers = Pick<Answers, 'interface_settings' | 'change_interface' | 'revoke_caller'>;

export function callerAnswers(): CallerAnswers {
  let settings: InterfaceView = {
    is_on: false,
    hears_notices: false,
    port: 8317,
    beyond_this_machine: false,
    hosts: [],
    callers: [],
    listening: { address: null, error: null },
  };
  return {
    interface_settings: () => settings,
    change_interface: (changes) => {
      const changed = { ...settings, ...changes };
      const address = changed.is_on ? `127.0.0.1:${String(changed.port)}` : null;
      return (settings = { ...changed, listening: { address, error: null } });
    },
    revoke_caller: ({ caller_id }) =>
      (settings = {
        ...settings,
        callers: settings.callers.map((caller) =>
          caller.id === caller_id ? { ...caller, revoked_at: NOW } : caller,
        ),
      }),
  };
}
