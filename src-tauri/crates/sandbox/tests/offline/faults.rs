//! What the simulation's network asks of the sandbox: each strike, on each channel.

use paydesk_sandbox::{
    Behaviour, Channel, Delivered, Fault, FaultKind, NamedAnswer, Scope, WireAnswer,
};

use crate::till::{Ask, Seen, Till, strike};

const CHANNELS: [Channel; 2] = [Channel::Alipay, Channel::Wechatpay];

fn charge_struck(channel: Channel, kind: FaultKind, has_effect: bool) -> (Seen, bool) {
    let till = Till::open(9);
    let earlier = Ask::charge(&till, channel, "EARLIER1", 999, Behaviour::Pays);
    till.ask(channel, &earlier).trusted();
    let charge = Ask::charge(&till, channel, "STRUCK01", 100, Behaviour::Pays);
    let seen = till.ask_struck(channel, &charge, strike(kind, has_effect));
    let has_effect = till.truth_of(channel, "STRUCK01").is_some();
    let logged = till.sandbox.requests(0);
    assert_eq!(logged.last().unwrap().fault, Some(kind));
    (seen, has_effect)
}

#[test]
fn each_strike_is_seen_as_what_it_is() {
    for channel in CHANNELS {
        for (kind, has_effect, wanted) in [
            (FaultKind::RequestLost, false, Seen::Nothing),
            (FaultKind::ReplyLost, true, Seen::Nothing),
            (FaultKind::Truncated, true, Seen::Nothing),
            (FaultKind::BadSignature, true, Seen::Forged),
            (FaultKind::UnknownKey, true, Seen::Forged),
            (FaultKind::Garbage, false, Seen::Unreadable(200)),
            (FaultKind::RateLimited, false, Seen::Unreadable(429)),
            (FaultKind::ServerError, true, Seen::Unreadable(502)),
            (FaultKind::ServerError, false, Seen::Unreadable(502)),
        ] {
            let (seen, happened) = charge_struck(channel, kind, has_effect);
            assert_eq!(seen, wanted, "{kind:?} at {channel:?}");
            assert_eq!(happened, has_effect, "{kind:?} at {channel:?}");
        }
        for has_effect in [false, true] {
            let (seen, happened) = charge_struck(channel, FaultKind::UnsignedRefusal, has_effect);
            assert!(matches!(seen, Seen::Unsigned(_)), "{seen:?}");
            assert_eq!(happened, has_effect);
            let (seen, happened) = charge_struck(channel, FaultKind::SystemError, has_effect);
            let (_, told) = seen.trusted();
            let is_system = told["code"] == "20000" || told["code"] == "SYSTEM_ERROR";
            assert!(is_system, "{told}");
            assert_eq!(happened, has_effect);
        }
    }
}

#[test]
fn signed_answers_about_others_are_signed_and_about_others() {
    for channel in CHANNELS {
        let (seen, happened) = charge_struck(channel, FaultKind::ForeignAnswer, true);
        assert!(happened);
        assert_eq!(seen.trusted().1["out_trade_no"], "EARLIER1");
        let (seen, happened) = charge_struck(channel, FaultKind::ForeignMerchant, true);
        assert!(happened);
        let (_, told) = seen.trusted();
        match channel {
            Channel::Alipay => assert_eq!(told["out_trade_no"], "OTHERSHOP00000001"),
            Channel::Btcpay | Channel::Stripe | Channel::Unionpay => panic!("not asked"),
            Channel::Wechatpay => {
                assert_eq!(told["out_trade_no"], "STRUCK01");
                assert_eq!(told["mchid"], "1900009999");
                assert_eq!(told["appid"], "wx9999999999999999");
            }
        }
        let (seen, happened) = charge_struck(channel, FaultKind::Replayed, true);
        assert!(happened);
        assert_eq!(seen.trusted().1["out_trade_no"], "EARLIER1");
    }
    let (seen, _) = charge_struck(Channel::Wechatpay, FaultKind::StaleTime, true);
    assert_eq!(seen, Seen::Forged);
    let (seen, _) = charge_struck(Channel::Alipay, FaultKind::StaleTime, true);
    assert_eq!(seen.trusted().1["code"], "10000");
}

/// The same number's own past comes first, and it is the genuine old answer to the byte.
#[test]
fn a_replay_is_an_older_word_about_the_same_order() {
    for channel in CHANNELS {
        let till = Till::open(2);
        let charge = Ask::charge(
            &till,
            channel,
            "REPLAY01",
            100,
            Behaviour::PaysAfterPassword,
        );
        till.ask(channel, &charge);
        let (_, waiting) = till.ask(channel, &Ask::query("REPLAY01")).trusted();
        till.pass(30_000);
        let (_, paid) = till.ask(channel, &Ask::query("REPLAY01")).trusted();
        assert_ne!(waiting, paid);
        let again = strike(FaultKind::Replayed, true);
        let old = till.ask_struck(channel, &Ask::query("REPLAY01"), again);
        assert_eq!(old.trusted().1, waiting);
        // Ten minutes later its time gives it away, where there is one.
        till.pass(600_000);
        let old = till.ask_struck(channel, &Ask::query("REPLAY01"), again);
        match channel {
            Channel::Alipay => assert_eq!(old.trusted().1, waiting),
            Channel::Btcpay | Channel::Stripe | Channel::Unionpay => panic!("not asked"),
            Channel::Wechatpay => assert_eq!(old, Seen::Forged),
        }
    }
}

#[test]
fn refund_answers_about_other_refunds_are_told_by_their_number() {
    let till = Till::open(2);
    let channel = Channel::Wechatpay;
    let charge = Ask::charge(&till, channel, "FOREIGN1", 100, Behaviour::Pays);
    till.ask(channel, &charge).trusted();
    let refund = Ask::refund("FOREIGN1", "FOREIGN1R1", 40, 100);
    till.ask(channel, &refund).trusted();
    for kind in [FaultKind::ForeignAnswer, FaultKind::ForeignMerchant] {
        let asked = Ask::refund_query("FOREIGN1", "FOREIGN1R1");
        let (_, told) = till
            .ask_struck(channel, &asked, strike(kind, true))
            .trusted();
        assert_ne!(told["out_refund_no"], "FOREIGN1R1", "{kind:?}");
    }
}

/// Every bit of both channels' answers, and every bit of a request, is under its signature or frame.
#[test]
fn no_changed_bit_is_trusted_as_something_else() {
    for channel in CHANNELS {
        let till = Till::open(4);
        let charge = Ask::charge(&till, channel, "BITS0001", 100, Behaviour::Pays);
        till.ask(channel, &charge).trusted();
        let sent = till.send(channel, &Ask::query("BITS0001"), None);
        let Delivered::Answer(answer) = till.sandbox.finish(sent.pending, till.now()) else {
            panic!("no answer");
        };
        let node = "alipay_trade_query_response";
        let (_, genuine) = till.read(channel, node, &answer).trusted();
        let mut refused = 0;
        for bit in 0..answer.body.len() * 8 {
            let changed = answer.clone().flipped(bit);
            if std::str::from_utf8(&changed.body).is_err() {
                refused += 1;
                continue;
            }
            match till.read(channel, node, &changed) {
                // Outside the signed node of Alipay's frame: nothing else is said.
                Seen::Trusted(_, told) => assert_eq!(told, genuine, "bit {bit}"),
                _ => refused += 1,
            }
        }
        assert!(refused * 10 > answer.body.len() * 8 * 9, "{refused}");
    }
    let till = Till::open(4);
    let content = serde_json::json!({ "out_trade_no": "BITS0002" });
    let body = till.alipay_body("alipay.trade.cancel", &content);
    let mut accepted = 0;
    for at in 0..body.len() {
        let mut bytes = body.clone().into_bytes();
        bytes[at] ^= 1;
        let Ok(changed) = String::from_utf8(bytes) else {
            continue;
        };
        let pending = till.deliver("POST", "/gateway.do", &[], &changed, None);
        if let Delivered::Answer(answer) = till.sandbox.finish(pending, till.now()) {
            let text = String::from_utf8(answer.body).unwrap();
            // An upper-case escape is the same byte; nothing else may pass.
            accepted += usize::from(text.contains("\"code\":\"10000\""));
        }
    }
    assert_eq!(accepted, 0);
}

#[test]
fn switches_and_named_answers_work_without_a_listener() {
    let till = Till::open(5);
    let channel = Channel::Alipay;
    till.sandbox.set_fault(Fault {
        scope: Scope::Query,
        remaining: Some(1),
        ..Fault::always(FaultKind::RateLimited)
    });
    let charge = Ask::charge(&till, channel, "NAMED001", 100, Behaviour::Pays);
    till.ask(channel, &charge).trusted();
    assert_eq!(
        till.ask(channel, &Ask::query("NAMED001")),
        Seen::Unreadable(429)
    );
    till.ask(channel, &Ask::query("NAMED001")).trusted();
    till.sandbox.say_next(NamedAnswer {
        channel,
        scope: Scope::Query,
        status: 200,
        code: "20000".to_owned(),
        sub_code: None,
    });
    let (_, told) = till.ask(channel, &Ask::query("NAMED001")).trusted();
    assert_eq!(told["code"], "20000");
}

#[test]
fn bytes_of_the_wire_can_be_made_and_cut() {
    assert_eq!(WireAnswer::of_gateway(429).status, 429);
    assert_eq!(WireAnswer::of_gateway(503).status, 503);
    let page = WireAnswer::captive_portal();
    assert!(page.body.starts_with(b"<!DOCTYPE"));
    assert_eq!(page.clone().truncated(9).body.len(), 9);
    assert_ne!(page.clone().flipped(3), page);
    assert_eq!(page.clone().flipped(1 << 20), page);
    let till = Till::open(1);
    for (method, target, status) in [
        ("GET", "/gateway.do", 405),
        ("GET", "/_sandbox/ledger", 404),
        ("GET", "/", 404),
    ] {
        let pending = till.deliver(method, target, &[], "", None);
        let Delivered::Answer(answer) = till.sandbox.finish(pending, till.now()) else {
            panic!("no answer");
        };
        assert_eq!(answer.status, status, "{method} {target}");
    }
    let pending = till.deliver("POST", "/gateway.do", &[], &"x".repeat(70_000), None);
    let Delivered::Answer(answer) = till.sandbox.finish(pending, till.now()) else {
        panic!("no answer");
    };
    assert_eq!(answer.status, 413);
}
