/// Hash routes, so that going back, deep links and tests all work without a server.

export type RouteName =
  | 'pay'
  | 'orders'
  | 'refunds'
  | 'drawer'
  | 'reconcile'
  | 'close'
  | 'reports'
  | 'channels'
  | 'settings'
  | 'demo';

export interface Route {
  name: RouteName;
  /// An order's number on orders and refunds; what is done on channels.
  id: string | null;
}

const NAMES: readonly RouteName[] = [
  'pay',
  'orders',
  'refunds',
  'drawer',
  'reconcile',
  'close',
  'reports',
  'channels',
  'settings',
  'demo',
];

export function parseRoute(hash: string): Route {
  const [name, id] = hash.replace(/^#\/?/, '').split('/');
  const known = NAMES.find((candidate) => candidate === name);
  return { name: known ?? 'pay', id: known && id ? decodeURIComponent(id) : null };
}

export function hashOf(name: RouteName, id: string | null = null): string {
  return id ? `#/${name}/${encodeURIComponent(id)}` : `#/${name}`;
}

class Router {
  route = $state<Route>(parseRoute(globalThis.location?.hash ?? ''));

  constructor() {
    globalThis.addEventListener?.('hashchange', () => {
      this.route = parseRoute(location.hash);
    });
  }

  go(name: RouteName, id: string | null = null): void {
    location.hash = hashOf(name, id);
    this.route = { name, id };
  }
}

export const router = new Router();
