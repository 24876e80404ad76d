//! The list of targets. Each file beside holds the targets of one kind of bytes.

mod answers;
mod bills;
mod btcpay;
mod forms;
mod local;
mod statements;
mod stripe;
mod unionpay;

use crate::Target;

/// Every target.
pub const TARGETS: &[Target] = &[
    Target {
        name: "json",
        holds: "what it reads, another reader reads alike; members stand where it says",
        seeds: forms::json_seeds,
        run: forms::json,
    },
    Target {
        name: "form",
        holds: "what it decodes is encoded to the same again",
        seeds: forms::form_seeds,
        run: forms::form,
    },
    Target {
        name: "codes",
        holds: "a code is of one channel; a number that is read is written the same",
        seeds: forms::code_seeds,
        run: forms::codes,
    },
    Target {
        name: "amounts",
        holds: "an amount that is read has one canonical text",
        seeds: forms::amount_seeds,
        run: forms::amounts,
    },
    Target {
        name: "links",
        holds: "a link that may be fetched leads to the channel",
        seeds: forms::link_seeds,
        run: forms::links,
    },
    Target {
        name: "alipay-reply",
        holds: "no body without a signature is believed",
        seeds: answers::alipay_seeds,
        run: answers::alipay_reply,
    },
    Target {
        name: "alipay-answer",
        holds: "a signed content pays only with our number and amount in it",
        seeds: answers::alipay_content_seeds,
        run: answers::alipay_answer,
    },
    Target {
        name: "wechatpay-reply",
        holds: "no headers and body without a signature are believed",
        seeds: answers::wechatpay_seeds,
        run: answers::wechatpay_reply,
    },
    Target {
        name: "wechatpay-answer",
        holds: "a signed body pays only with our number and amount in it",
        seeds: answers::wechatpay_content_seeds,
        run: answers::wechatpay_answer,
    },
    Target {
        name: "alipay-notice",
        holds: "a signed form pays only with our number in it",
        seeds: answers::alipay_notice_seeds,
        run: answers::alipay_notice,
    },
    Target {
        name: "wechatpay-notice",
        holds: "an opened notice pays only with our number in it",
        seeds: answers::wechatpay_notice_seeds,
        run: answers::wechatpay_notice,
    },
    Target {
        name: "stripe-answer",
        holds: "what its host says pays only with one object of our number, amount, currency and mode in it",
        seeds: stripe::answer_seeds,
        run: stripe::answer,
    },
    Target {
        name: "stripe-notice",
        holds: "a signed event pays only with one object of our number, amount and currency in it",
        seeds: stripe::notice_seeds,
        run: stripe::notice,
    },
    Target {
        name: "stripe-header",
        holds: "an event is believed only under the tag of the moment that its header names",
        seeds: stripe::header_seeds,
        run: stripe::header,
    },
    Target {
        name: "stripe-bill",
        holds: "reports: totals are the sum of the lines; line ends change nothing",
        seeds: stripe::bill_seeds,
        run: stripe::bill,
    },
    Target {
        name: "unionpay-reply",
        holds: "no form without a signature is believed",
        seeds: unionpay::reply_seeds,
        run: unionpay::reply,
    },
    Target {
        name: "unionpay-answer",
        holds: "signed fields pay only with our order, moment, amount and currency in them",
        seeds: unionpay::answer_seeds,
        run: unionpay::answer,
    },
    Target {
        name: "unionpay-notice",
        holds: "a signed form pays only with our order, moment, amount and currency in it",
        seeds: unionpay::notice_seeds,
        run: unionpay::notice,
    },
    Target {
        name: "unionpay-cert",
        holds: "of all certificates in an answer, the one that was issued is believed",
        seeds: unionpay::certificate_seeds,
        run: unionpay::certificate,
    },
    Target {
        name: "btcpay-answer",
        holds: "money came only where one object has our store, order, currency and at least that sum in it",
        seeds: btcpay::answer_seeds,
        run: btcpay::answer,
    },
    Target {
        name: "btcpay-claim",
        holds: "a refund is done only by paid claims of its own offer that reach its sum",
        seeds: btcpay::claim_seeds,
        run: btcpay::claim,
    },
    Target {
        name: "btcpay-notice",
        holds: "no webhook moves money, whatever is in it",
        seeds: btcpay::notice_seeds,
        run: btcpay::notice,
    },
    Target {
        name: "alipay-bill",
        holds: "GBK: totals are the sum of the lines; line ends change nothing",
        seeds: bills::alipay_seeds,
        run: bills::alipay,
    },
    Target {
        name: "wechatpay-bill",
        holds: "totals are the sum of the lines; line ends change nothing",
        seeds: bills::wechatpay_seeds,
        run: bills::wechatpay,
    },
    Target {
        name: "unionpay-bill",
        holds: "fixed widths: totals are the sum of the lines; line ends change nothing",
        seeds: unionpay::bill_seeds,
        run: unionpay::bill,
    },
    Target {
        name: "unionpay-file",
        holds: "base64, zlib, zip within limits: what is read is the detail that was packed",
        seeds: unionpay::file_seeds,
        run: unionpay::file,
    },
    Target {
        name: "archives",
        holds: "zip and gzip within limits, never one in another",
        seeds: bills::archive_seeds,
        run: bills::archives,
    },
    Target {
        name: "camt",
        holds: "camt: balances and movements add up, or it is said; line ends change nothing",
        seeds: statements::camt_seeds,
        run: statements::text,
    },
    Target {
        name: "mt940",
        holds: "MT940: balances and movements add up, or it is said; line ends change nothing",
        seeds: statements::mt940_seeds,
        run: statements::text,
    },
    Target {
        name: "ofx",
        holds: "OFX: each movement stands in the file; line ends change nothing",
        seeds: statements::ofx_seeds,
        run: statements::text,
    },
    Target {
        name: "bank-table",
        holds: "CSV of banks: read again with the guessed template it is the same",
        seeds: statements::table_seeds,
        run: statements::table,
    },
    Target {
        name: "workbook",
        holds: "XLSX and XLS within limits: balances and movements add up, or it is said",
        seeds: statements::workbook_seeds,
        run: statements::workbook,
    },
    Target {
        name: "keys",
        holds: "PEM, DER, base64: what is inspected is read; a key has one text",
        seeds: local::key_seeds,
        run: local::keys,
    },
    Target {
        name: "certificates",
        holds: "bundles and chains: nothing leads to a root that is not there",
        seeds: local::certificate_seeds,
        run: local::certificates,
    },
    Target {
        name: "commands",
        holds: "arguments of every command are read or refused",
        seeds: local::command_seeds,
        run: local::commands,
    },
    Target {
        name: "events",
        holds: "a stored order is written as it was read",
        seeds: local::event_seeds,
        run: local::events,
    },
    Target {
        name: "csv-export",
        holds: "any text is one cell again, and never a formula",
        seeds: local::csv_seeds,
        run: local::csv_export,
    },
];

/// The target of this name.
#[must_use]
pub fn by_name(name: &str) -> Option<&'static Target> {
    TARGETS.iter().find(|target| target.name == name)
}
