//! The receipt of a payment or a refund: a page of its own, without scripts or outside references,
//! as wide as an 80 mm roll. What is not known never prints as paid.

use paydesk_domain::Money;
use paydesk_texts::{Language, text};

/// What the receipt claims.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ReceiptKind {
    /// Not charged.
    NotPaid,
    /// Paid, on the channel's word.
    Paid,
    /// Some of it is paid; the rest is owed.
    PartPaid,
    /// The channel took the refund in; the money is not back yet.
    RefundAccepted,
    /// The money is back.
    RefundDone,
    /// The refund failed.
    RefundFailed,
    /// The result is not confirmed.
    Unknown,
}

impl ReceiptKind {
    fn key(self) -> &'static str {
        match self {
            ReceiptKind::NotPaid => "receipt_not_paid",
            ReceiptKind::Paid => "receipt_paid",
            ReceiptKind::PartPaid => "receipt_part_paid",
            ReceiptKind::RefundAccepted => "receipt_refund_accepted",
            ReceiptKind::RefundDone => "receipt_refund_done",
            ReceiptKind::RefundFailed => "receipt_refund_failed",
            ReceiptKind::Unknown => "receipt_unknown",
        }
    }
}

/// What is stamped on it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Stamp {
    /// COPY n: printed or saved before.
    Copy(u32),
    /// DEMO: no money moved.
    Demo,
    /// REFUND.
    Refund,
}

/// One part of an order that was paid in parts.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ReceiptPart {
    /// The channel's short name.
    pub channel: String,
    /// Whether a card reader of the shop took it.
    pub at_reader: bool,
    /// The channel's number.
    pub channel_number: Option<String>,
    /// How much.
    pub amount: Money,
    /// Of cash: what was handed over, and what went back.
    pub handed: Option<(Money, Money)>,
}

/// Everything on a receipt.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Receipt {
    /// The shop.
    pub store: String,
    /// The order's number.
    pub number: String,
    /// Our reference at the channel.
    pub reference: String,
    /// The order's number as Code 128, drawn.
    pub barcode_svg: String,
    /// The moment in the shop's zone.
    pub at: String,
    /// Who.
    pub operator: String,
    /// The device.
    pub device: String,
    /// The channel's short name.
    pub channel: String,
    /// Whether a card reader of the shop took it.
    pub at_reader: bool,
    /// The channel's number.
    pub channel_number: Option<String>,
    /// The payer as the channel masks it.
    pub payer: Option<String>,
    /// Of cash: what was handed over, and what went back.
    pub handed: Option<(Money, Money)>,
    /// The note.
    pub note: String,
    /// What this receipt is about.
    pub amount: Money,
    /// The parts that are paid, of an order that is paid in parts; else none.
    pub parts: Vec<ReceiptPart>,
    /// What is left to pay, where there are parts.
    pub owed: Money,
    /// Paid for the whole order.
    pub paid: Money,
    /// Gone back so far.
    pub refunded: Money,
    /// What it claims.
    pub kind: ReceiptKind,
    /// What is stamped on it.
    pub stamps: Vec<Stamp>,
}

const STYLE: &str = "@page{size:80mm auto;margin:4mm}*{box-sizing:border-box}\
body{font:12px/1.5 Inter,'PingFang SC','Microsoft YaHei UI','Noto Sans CJK SC',sans-serif;color:#000;background:#fff;\
width:72mm;margin:0 auto;padding:4mm 0;font-variant-numeric:tabular-nums}\
h1{font-size:16px;text-align:center;margin:0 0 2mm}.stamps{text-align:center;margin:0 0 2mm}\
.stamp{display:inline-block;border:1.5px solid #000;padding:0 2mm;margin:0 1mm;font-weight:600}\
.claim{text-align:center;font-size:14px;font-weight:600;margin:2mm 0 0}\
.amount{text-align:center;font-size:28px;font-weight:600;margin:0 0 3mm}\
dl{display:grid;grid-template-columns:auto 1fr;gap:0 3mm;margin:0;border-top:1px dashed #000;padding-top:2mm}\
dt{color:#333}dd{margin:0;text-align:right;overflow-wrap:anywhere}\
.code{text-align:center;margin:4mm 0 0}.code svg{width:64mm;height:14mm}.code p{margin:0}";

impl Receipt {
    /// The page in a language.
    #[must_use]
    pub fn html(&self, language: Language) -> String {
        let say = |key: &str| escape(&text(language, key, &[]));
        let mut stamps = String::new();
        for stamp in &self.stamps {
            let words = match stamp {
                Stamp::Copy(n) => text(language, "receipt_copy", &[("n", &n.to_string())]),
                Stamp::Demo => text(language, "receipt_demo", &[]),
                Stamp::Refund => text(language, "receipt_refund", &[]),
            };
            stamps.push_str(&format!("<span class=\"stamp\">{}</span>", escape(&words)));
        }
        let mut rows = String::new();
        for (key, value) in self.rows(language) {
            rows.push_str(&format!("<dt>{}</dt><dd>{}</dd>", say(key), escape(&value)));
        }
        format!(
            "<!doctype html><html lang=\"{lang}\"><head><meta charset=\"utf-8\"><title>{title}</title><style>{STYLE}</style></head>\
             <body><h1>{store}</h1><p class=\"stamps\">{stamps}</p><p class=\"claim\">{claim}</p><p class=\"amount\">{amount}</p>\
             <dl>{rows}</dl><div class=\"code\">{barcode}<p>{number}</p></div></body></html>\n",
            lang = language.tag(),
            title = escape(&self.reference),
            store = escape(&self.store),
            claim = say(self.kind.key()),
            amount = escape(&sum(self.amount)),
            barcode = self.barcode_svg,
            number = escape(&self.number),
        )
    }

    fn rows(&self, language: Language) -> Vec<(&'static str, String)> {
        let mut rows = vec![
            ("receipt_order_no", self.number.clone()),
            ("receipt_reference", self.reference.clone()),
            ("receipt_time", self.at.clone()),
        ];
        let name = |channel: &str, at_reader: bool| {
            let name = text(language, &format!("channel_{channel}"), &[]);
            if at_reader {
                format!("{name} · {}", text(language, "way_of_reader", &[]))
            } else {
                name
            }
        };
        if self.parts.is_empty() {
            rows.push(("receipt_channel", name(&self.channel, self.at_reader)));
        }
        for part in &self.parts {
            let said = format!(
                "{} {}",
                name(&part.channel, part.at_reader),
                sum(part.amount)
            );
            rows.push(("receipt_part", said));
            if let Some(number) = &part.channel_number {
                rows.push(("receipt_channel_no", number.clone()));
            }
            if let Some((received, change)) = part.handed {
                rows.push(("receipt_received", sum(received)));
                rows.push(("receipt_change", sum(change)));
            }
        }
        if !self.parts.is_empty() && self.owed.minor() > 0 {
            rows.push(("receipt_owed", sum(self.owed)));
        }
        if let Some(number) = &self.channel_number {
            rows.push(("receipt_channel_no", number.clone()));
        }
        if let Some((received, change)) = self.handed {
            rows.push(("receipt_received", sum(received)));
            rows.push(("receipt_change", sum(change)));
        }
        if let Some(payer) = &self.payer {
            rows.push(("receipt_payer", payer.clone()));
        }
        rows.push((
            "receipt_operator",
            format!("{} · {}", self.operator, self.device),
        ));
        if !self.note.is_empty() {
            rows.push(("receipt_note", self.note.clone()));
        }
        if self.refunded.minor() > 0 {
            rows.push(("receipt_paid_total", sum(self.paid)));
            rows.push(("receipt_refunded_total", sum(self.refunded)));
        }
        rows
    }
}

/// With the code of the currency: `¥` alone is ambiguous on paper.
pub(crate) fn sum(money: Money) -> String {
    format!("{} {}", money.currency().code(), money.to_decimal())
}

/// Text for HTML; control and direction-changing characters are shown, not obeyed (T6).
pub(crate) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200e}' | '\u{200f}' => {
                out.push('\u{fffd}')
            }
            c if c.is_control() => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use paydesk_domain::Currency;

    fn receipt(kind: ReceiptKind, stamps: Vec<Stamp>) -> Receipt {
        let money = |minor| Money::from_minor(minor, Currency::CNY);
        Receipt {
            store: "演示店".to_owned(),
            number: "T7K2M02611210001AE".to_owned(),
            reference: "T7K2M02611210001AEA1".to_owned(),
            barcode_svg: "<svg></svg>".to_owned(),
            at: "2026-11-21 14:41:08".to_owned(),
            operator: "收银员 1".to_owned(),
            device: "7K2M".to_owned(),
            channel: "alipay".to_owned(),
            at_reader: false,
            channel_number: Some("2026112122001".to_owned()),
            parts: Vec::new(),
            owed: money(0),
            handed: None,
            payer: Some("159****5620".to_owned()),
            note: "<script>alert(1)</script>\u{202e}".to_owned(),
            amount: money(4650),
            paid: money(4650),
            refunded: money(0),
            kind,
            stamps,
        }
    }

    #[test]
    fn the_same_receipt_is_the_same_bytes_and_runs_nothing() {
        let page =
            receipt(ReceiptKind::Paid, vec![Stamp::Demo, Stamp::Copy(2)]).html(Language::English);
        assert_eq!(
            page,
            receipt(ReceiptKind::Paid, vec![Stamp::Demo, Stamp::Copy(2)]).html(Language::English)
        );
        assert!(
            !page.contains("<script") && !page.contains("http") && !page.contains('\u{202e}'),
            "{page}"
        );
        assert!(
            page.contains("CNY 46.50") && page.contains("DEMO") && page.contains("COPY 2"),
            "{page}"
        );
        let at_reader = Receipt {
            at_reader: true,
            ..receipt(ReceiptKind::Paid, vec![])
        };
        assert!(
            at_reader
                .html(Language::English)
                .contains("Alipay · card reader")
        );
        assert!(!page.contains("card reader"));
    }

    #[test]
    fn parts_are_told_by_channel_with_what_is_left() {
        let money = |minor| Money::from_minor(minor, Currency::CNY);
        let mut split = receipt(ReceiptKind::PartPaid, vec![]);
        split.parts = vec![
            ReceiptPart {
                channel: "cash".to_owned(),
                at_reader: false,
                channel_number: None,
                amount: money(1000),
                handed: Some((money(2000), money(1000))),
            },
            ReceiptPart {
                channel: "alipay".to_owned(),
                at_reader: false,
                channel_number: Some("2026112122007".to_owned()),
                amount: money(1200),
                handed: None,
            },
        ];
        split.owed = money(2450);
        let page = split.html(Language::English);
        for said in [
            "CNY 46.50",
            "Cash CNY 10.00",
            "Alipay CNY 12.00",
            "2026112122007",
            "CNY 24.50",
            "Partly paid",
        ] {
            assert!(page.contains(said), "{said}: {page}");
        }
        // The whole is not claimed to be paid.
        assert!(!page.contains(&format!(
            ">{}<",
            text(Language::English, "receipt_paid", &[])
        )));
    }

    #[test]
    fn what_is_unknown_never_prints_as_paid() {
        for language in [Language::Chinese, Language::English] {
            let paid = text(language, "receipt_paid", &[]);
            for kind in [
                ReceiptKind::PartPaid,
                ReceiptKind::Unknown,
                ReceiptKind::NotPaid,
                ReceiptKind::RefundFailed,
            ] {
                let page = receipt(kind, vec![]).html(language);
                assert!(!page.contains(&format!(">{paid}<")), "{kind:?}");
                assert!(page.contains(&text(language, kind.key(), &[])), "{kind:?}");
            }
        }
    }
}
