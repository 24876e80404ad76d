//! What a payer sees of one payment in a browser: the code to scan, and what became of it. A page of its own, without
//! scripts or outside references, that asks for itself again until the payment is over. Nothing of the shop's books
//! stands on it, and what is not known is never shown as paid.

use crate::receipt::{escape, sum};
use paydesk_domain::Money;
use paydesk_texts::{Language, text};
use sha2::{Digest, Sha256};

/// Seconds until the page asks for itself again.
const AGAIN_AFTER: u32 = 3;

/// Where a payment stands, as its payer is told.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum PayerState {
    /// It is being found out; nobody should pay again.
    Asking,
    /// It ended, and was not paid.
    Ended,
    /// It is paid.
    Paid,
    /// The payer has to confirm it.
    Paying,
    /// The shop has to decide about it.
    Shop,
    /// The code is to be scanned.
    Scan {
        /// What it says.
        code: String,
        /// Its picture.
        svg: String,
        /// For so long.
        seconds: i64,
    },
}

/// A payment as its payer sees it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PayerPage {
    /// The shop.
    pub store: String,
    /// The order's number.
    pub order: String,
    /// The channel's short name.
    pub channel: String,
    /// How much.
    pub amount: Money,
    /// Whether no money moves, because it is a demo.
    pub is_demo: bool,
    /// Where it stands.
    pub state: PayerState,
}

const STYLE: &str = "*{box-sizing:border-box}body{margin:0;min-height:100vh;display:grid;place-items:center;\
background:#f4f6f8;color:#101828;font:16px/1.5 Inter,'PingFang SC','Microsoft YaHei UI','Noto Sans CJK SC',sans-serif}\
main{width:min(92vw,380px);padding:28px 24px;border-radius:14px;background:#fff;text-align:center;box-shadow:0 1px 3px #1018281f}\
h1{margin:0;font-size:16px;font-weight:500;color:#475467}.amount{margin:2px 0 14px;font-size:34px;font-weight:600}\
.code svg{display:block;width:100%;max-width:260px;height:auto;margin:0 auto 12px}.state{margin:0;font-size:18px;font-weight:600}\
.left,.order,.demo{margin:6px 0 0;color:#475467;font-size:14px}.open{display:block;margin:14px 0 0;padding:11px;border-radius:10px;\
background:#3046c5;color:#fff;text-decoration:none;font-weight:600}.paid .state{color:#0a6540}.asking .state,.shop .state{color:#7a4b00}\
@media(prefers-color-scheme:dark){body{background:#0d0f14;color:#f0f2f5}main{background:#16181f}h1,.left,.order,.demo{color:#a3acb9}\
.code svg{padding:10px;border-radius:10px;background:#fff}.paid .state{color:#5fd3a0}.asking .state,.shop .state{color:#f2c063}}";

impl PayerPage {
    /// The policy under which it is served: it is all there is, and nobody frames it.
    #[must_use]
    pub fn policy() -> String {
        use base64::{Engine, engine::general_purpose::STANDARD};
        let style = STANDARD.encode(Sha256::digest(STYLE));
        format!(
            "default-src 'none'; style-src 'sha256-{style}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
        )
    }

    /// The page in a language.
    #[must_use]
    pub fn html(&self, language: Language) -> String {
        let say = |key: &str, params: &[(&str, &str)]| escape(&text(language, key, params));
        let channel = text(language, &format!("channel_{}", self.channel), &[]);
        let (class, words) = match &self.state {
            PayerState::Asking => ("asking", say("payer_asking", &[])),
            PayerState::Ended => ("ended", say("payer_ended", &[])),
            PayerState::Paid => ("paid", say("payer_paid", &[])),
            PayerState::Paying => ("paying", say("payer_paying", &[])),
            PayerState::Shop => ("shop", say("payer_shop", &[])),
            PayerState::Scan { .. } => ("scan", say("payer_scan", &[("channel", &channel)])),
        };
        let again = match self.state {
            PayerState::Ended | PayerState::Paid | PayerState::Shop => String::new(),
            PayerState::Asking | PayerState::Paying | PayerState::Scan { .. } => {
                format!("<meta http-equiv=\"refresh\" content=\"{AGAIN_AFTER}\">")
            }
        };
        let (picture, more) = match &self.state {
            PayerState::Scan { code, svg, seconds } => {
                let time = format!("{}:{:02}", seconds / 60, seconds % 60);
                let left = say("payer_left", &[("time", &time)]);
                (
                    format!("<div class=\"code\">{svg}</div>"),
                    format!("<p class=\"left\">{left}</p>{}", open_here(code, language)),
                )
            }
            _ => (String::new(), String::new()),
        };
        let demo = if self.is_demo {
            format!("<p class=\"demo\">{}</p>", say("receipt_demo", &[]))
        } else {
            String::new()
        };
        format!(
            "<!doctype html><html lang=\"{lang}\"><head><meta charset=\"utf-8\">\
             <meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">{again}<title>{store}</title>\
             <style>{STYLE}</style></head><body><main class=\"{class}\"><h1>{store}</h1><p class=\"amount\">{amount}</p>{picture}\
             <p class=\"state\">{words}</p>{more}<p class=\"order\">{order}</p>{demo}</main></body></html>\n",
            lang = language.tag(),
            store = escape(&self.store),
            amount = escape(&sum(self.amount)),
            order = escape(&self.order),
        )
    }
}

/// Nobody scans the screen in their own hand: a code that is an address of the web is opened there.
fn open_here(code: &str, language: Language) -> String {
    if !code.starts_with("https://") {
        return String::new();
    }
    let words = escape(&text(language, "payer_open_here", &[]));
    format!(
        "<a class=\"open\" rel=\"noreferrer\" href=\"{}\">{words}</a>",
        escape(code)
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use paydesk_domain::Currency;

    fn page(state: PayerState) -> String {
        let page = PayerPage {
            store: "茶 <b>&".to_owned(),
            order: "TK7Q21261121000A4X".to_owned(),
            channel: "alipay".to_owned(),
            amount: Money::from_minor(4_650, Currency::CNY),
            is_demo: false,
            state,
        };
        page.html(Language::English)
    }

    fn code(text: &str) -> PayerState {
        PayerState::Scan {
            code: text.to_owned(),
            svg: "<svg></svg>".to_owned(),
            seconds: 125,
        }
    }

    #[test]
    fn it_asks_again_until_it_is_over_and_says_paid_of_nothing_else() {
        let paid = text(Language::English, "payer_paid", &[]);
        for (state, goes_on) in [
            (code("weixin://x"), true),
            (PayerState::Paying, true),
            (PayerState::Asking, true),
            (PayerState::Paid, false),
            (PayerState::Ended, false),
            (PayerState::Shop, false),
        ] {
            let html = page(state.clone());
            assert_eq!(
                html.contains("http-equiv=\"refresh\""),
                goes_on,
                "{state:?}"
            );
            assert_eq!(html.contains(&paid), state == PayerState::Paid, "{state:?}");
            assert!(!html.contains("<b>"), "what a shop is called is text");
            assert!(html.contains("CNY 46.50") && html.contains("TK7Q21261121000A4X"));
        }
    }

    #[test]
    fn only_an_address_of_the_web_is_opened_on_the_phone_itself() {
        assert!(
            page(code("https://qr.example/a?b=1&c=\""))
                .contains("href=\"https://qr.example/a?b=1&amp;c=&quot;\"")
        );
        for other in ["weixin://wxpay/x", "javascript:alert(1)", "http://x"] {
            assert!(!page(code(other)).contains("href="), "{other}");
        }
        assert!(page(code("weixin://x")).contains("2:05"));
    }

    #[test]
    fn no_text_key_is_missing() {
        for state in [
            code("https://x"),
            PayerState::Paying,
            PayerState::Asking,
            PayerState::Paid,
            PayerState::Ended,
            PayerState::Shop,
        ] {
            assert!(!page(state).contains("payer_"));
        }
    }
}
