/// Which side of reconciling is on the screen. It stays while the program runs.
export const PARTS_OF_RECONCILE = ['bills', 'bank', 'payouts', 'fees'] as const;
export type ReconcilePart = (typeof PARTS_OF_RECONCILE)[number];

class Parts {
  shown = $state<ReconcilePart>('bills');
}

export const parts = new Parts();
