// Every message of the page passes here, in a frame the page cannot reach into, before the core sees it.
// It lets through what a page of ours can say: a command of the contract, or to listen for events.
const COMMAND = /^[a-z][a-z_]{0,40}$/;
const EVENTS = new Set(['plugin:event|listen', 'plugin:event|unlisten']);

window.__TAURI_ISOLATION_HOOK__ = (message) => {
  const { cmd } = message;
  if (EVENTS.has(cmd) || COMMAND.test(cmd)) return message;
  throw new Error('the page asked for something it never asks for');
};
