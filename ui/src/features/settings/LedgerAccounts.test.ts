import { render, screen } from '@testing-library/svelte';
import userEvent from '@testing-library/user-event';
import { describe, expect, it } from 'vitest';
import { useTransport } from '$lib/api/client';
import { FakeConsole, refusal } from '../../test/fake';
import LedgerAccounts from './LedgerAccounts.svelte';

const person = () => userEvent.setup({ delay: null });

describe('the ledger accounts of journals', () => {
  it('are changed together and can be the usual ones again', async () => {
    const fake = new FakeConsole();
    useTransport(fake);
    render(LedgerAccounts);
    const code = await screen.findByTestId('ledger-fees-code');
    expect(screen.getByTestId('ledger-save')).toBeDisabled();
    await person().clear(code);
    await person().type(code, '5603.01');
    await person().click(screen.getByTestId('ledger-save'));
    const [asked] = fake.called('change_ledger_accounts') as [
      { accounts: { role: string; code: string }[] },
    ];
    expect(asked.accounts).toHaveLength(5);
    expect(asked.accounts.find(({ role }) => role === 'fees')?.code).toBe('5603.01');
    await person().click(screen.getByTestId('ledger-usual'));
    expect(fake.called('change_ledger_accounts')[1]).toEqual({ accounts: null });
  });

  it('mark the line that no program would import', async () => {
    const error = refusal('ledger_account_wrong');
    error.params = { role: 'fees', channel: '', field: 'code' };
    useTransport(new FakeConsole({ errors: { change_ledger_accounts: error } }));
    render(LedgerAccounts);
    await person().type(await screen.findByTestId('ledger-fees-code'), '=');
    await person().click(screen.getByTestId('ledger-save'));
    expect(await screen.findByTestId('ledger-error')).toBeVisible();
    expect(screen.getByTestId('ledger-fees-code')).toHaveAttribute('aria-invalid', 'true');
    expect(screen.getByTestId('ledger-bank-code')).toHaveAttribute('aria-invalid', 'false');
  });
});
