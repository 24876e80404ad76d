/// Receipts come from the core as whole pages. They are shown in a frame without scripts; where the
/// engine asks for a named policy before it takes a page as text, this is the policy.

interface TrustedTypes {
  createPolicy(
    name: string,
    rules: { createHTML: (html: string) => string },
  ): {
    createHTML(html: string): string;
  };
}

const types = (globalThis as { trustedTypes?: TrustedTypes }).trustedTypes;
const policy = types?.createPolicy('paydesk-receipt', { createHTML: (html) => html });

export function trustedReceipt(html: string): string {
  return policy ? policy.createHTML(html) : html;
}
