//! Waiting as data, interleaved calls, late answers, replica lag, old pictures, mornings.

use paydesk_sandbox::{Behaviour, Channel, Delivered, FaultKind, PhoneAct, RefundState, Rhythm};

use crate::till::{Ask, Seen, Till, strike};

const CHANNELS: [Channel; 2] = [Channel::Alipay, Channel::Wechatpay];
const HOUR_MS: i64 = 3_600_000;

#[test]
fn a_late_answer_says_what_is_true_when_it_is_due() {
    for channel in CHANNELS {
        let till = Till::open(1);
        let charge = Ask::charge(&till, channel, "LATE0001", 100, Behaviour::PaysLate);
        let sent = till.send(channel, &charge, None);
        assert_eq!(sent.pending.wait_ms(), 20_000);
        assert_eq!(sent.pending.due_ms(), till.now_ms.get() + 20_000);
        assert_eq!(till.truth_of(channel, "LATE0001").unwrap().state, "waiting");
        let (_, told) = till.finish(sent).trusted();
        assert_eq!(told["out_trade_no"], "LATE0001", "{told}");
        let truth = till.truth_of(channel, "LATE0001").unwrap();
        assert_eq!((truth.state, truth.charged.get()), ("paid", 100));
        // Ended while the answer is under way: the answer knows.
        let charge = Ask::charge(&till, channel, "LATE0002", 100, Behaviour::PaysLate);
        let sent = till.send(channel, &charge, None);
        till.pass(16_000);
        till.ask(channel, &Ask::end("LATE0002")).trusted();
        till.pass(-16_000);
        let (_, told) = till.finish(sent).trusted();
        let said = told.to_string();
        assert!(
            said.contains("TRADE_HAS_CLOSE") || said.contains("ORDER_REVERSED"),
            "{said}"
        );
        assert_eq!(till.truth_of(channel, "LATE0002").unwrap().charged.get(), 0);
    }
}

#[test]
fn silence_and_delay_are_waits_and_nothing_waits_by_itself() {
    for channel in CHANNELS {
        let till = Till::open(1);
        let charge = Ask::charge(&till, channel, "SILENT01", 100, Behaviour::NoAnswerPaid);
        let sent = till.send(channel, &charge, None);
        assert_eq!(sent.pending.wait_ms(), 60_000);
        assert_eq!(
            till.truth_of(channel, "SILENT01").unwrap().charged.get(),
            100
        );
        assert_eq!(till.finish(sent), Seen::Nothing);
        let charge = Ask::charge(&till, channel, "DELAY001", 100, Behaviour::Pays);
        let sent = till.send(channel, &charge, strike(FaultKind::Delay, true));
        assert_eq!(sent.pending.wait_ms(), 45_000);
        till.finish(sent).trusted();
        let charge = Ask::charge(&till, channel, "PROMPT01", 100, Behaviour::Pays);
        assert_eq!(till.send(channel, &charge, None).pending.wait_ms(), 0);
    }
}

#[test]
fn a_request_that_arrives_after_its_reversal_takes_money_all_the_same() {
    let till = Till::open(1);
    let channel = Channel::Alipay;
    // Nothing has arrived; the till gives up, then the request gets through.
    let (_, told) = till.ask(channel, &Ask::end("LOST0001")).trusted();
    assert!(told.get("action").is_none(), "{told}");
    till.pass(120_000);
    let charge = Ask::charge(&till, channel, "LOST0001", 100, Behaviour::Pays);
    till.ask(channel, &charge).trusted();
    assert_eq!(till.truth_of(channel, "LOST0001").unwrap().kept.get(), 100);
}

#[test]
fn a_lagging_replica_does_not_know_what_is_new() {
    let is_known = |seen: &Seen| match seen {
        Seen::Trusted(404, told) => {
            assert_eq!(told["code"], "ORDER_NOT_EXIST");
            false
        }
        Seen::Trusted(200, told) if told["sub_code"] == "ACQ.TRADE_NOT_EXIST" => false,
        Seen::Trusted(200, _) => true,
        other => panic!("{other:?}"),
    };
    for channel in CHANNELS {
        let keys = paydesk_sandbox::OfflineKeys::stand_in(1);
        let rhythm = Rhythm {
            replica_lag_ms: 5_000,
            ..Rhythm::default()
        };
        let till = Till::with(1, rhythm, &keys);
        let charge = Ask::charge(&till, channel, "LAG00001", 100, Behaviour::Pays);
        till.ask(channel, &charge).trusted();
        till.pass(4_999);
        assert!(!is_known(&till.ask(channel, &Ask::query("LAG00001"))));
        till.pass(1);
        assert!(is_known(&till.ask(channel, &Ask::query("LAG00001"))));
        till.ask(channel, &Ask::refund("LAG00001", "LAG00001R1", 40, 100))
            .trusted();
        let asked = Ask::refund_query("LAG00001", "LAG00001R1");
        let is_there = || {
            let (status, told) = till.ask(channel, &asked).trusted();
            status == 200 && (told["refund_status"].is_string() || told["status"].is_string())
        };
        assert!(!is_there());
        till.sandbox.set_replica_lag(0);
        assert!(is_there());
    }
}

#[test]
fn an_old_picture_pays_and_an_expired_qr_does_not() {
    for channel in CHANNELS {
        let till = Till::open(1);
        let ask = Ask::ShowQr {
            number: "OLD00001".to_owned(),
            fen: 77,
        };
        till.ask(channel, &ask).trusted();
        let qr = till.truth_of(channel, "OLD00001").unwrap().code;
        till.pass(8 * 24 * HOUR_MS);
        let screen = till.sandbox.phone(&qr, PhoneAct::Pay, till.now()).unwrap();
        assert_eq!(screen.state, "expired");
        let late = till
            .sandbox
            .phone_with_old_picture(&qr, PhoneAct::Pay, till.now());
        assert_eq!(late.unwrap().state, "paid");
        let truth = till.truth_of(channel, "OLD00001").unwrap();
        assert_eq!((truth.state, truth.kept.get()), ("paid", 77));
        assert!(
            truth
                .ended_ms
                .is_some_and(|ended| ended < truth.movements[0].accepted_ms)
        );
        let screen = till.sandbox.phone("nonsense", PhoneAct::Pay, till.now());
        assert_eq!(screen.unwrap().state, "unknown_code");
    }
}

#[test]
fn bills_are_there_in_the_morning_under_the_callers_own_address() {
    let till = Till::open(1);
    let charge = Ask::charge(&till, Channel::Alipay, "BILL0001", 8888, Behaviour::Pays);
    till.ask(Channel::Alipay, &charge).trusted();
    till.pass(24 * HOUR_MS);
    let asked = serde_json::json!({ "bill_type": "trade", "bill_date": "2026-11-21" });
    let method = "alipay.data.dataservice.bill.downloadurl.query";
    let body = till.alipay_body(method, &asked);
    let pending = till.deliver("POST", "/gateway.do", &[], &body, None);
    let Delivered::Answer(answer) = till.sandbox.finish(pending, till.now()) else {
        panic!("no answer");
    };
    let node = "alipay_data_dataservice_bill_downloadurl_query_response";
    let (_, told) = till.read(Channel::Alipay, node, &answer).trusted();
    let url = told["bill_download_url"].as_str().expect("a link");
    let target = url.strip_prefix("http://channel.localhost").expect(url);
    let pending = till.deliver("GET", target, &[], "", None);
    let Delivered::Answer(file) = till.sandbox.finish(pending, till.now()) else {
        panic!("no file");
    };
    assert_eq!(file.status, 200);
    assert!(file.body.starts_with(b"PK"));
}

#[test]
fn refunds_end_as_the_day_wants() {
    let till = Till::open(1);
    let channel = Channel::Wechatpay;
    let charge = Ask::charge(&till, channel, "ENDS0001", 1000, Behaviour::Pays);
    till.ask(channel, &charge).trusted();
    let ends = [
        (RefundState::Success, 900, 100, 0),
        (RefundState::Abnormal, 800, 100, 100),
        (RefundState::Closed, 800, 100, 100),
    ];
    for (at, (state, kept, returned, in_transit)) in ends.into_iter().enumerate() {
        till.sandbox.set_refunds_end_as(None, state);
        let number = format!("ENDS0001R{at}");
        till.ask(channel, &Ask::refund("ENDS0001", &number, 100, 1000))
            .trusted();
        let before = till.truth_of(channel, "ENDS0001").unwrap();
        assert_eq!(
            before.movements.last().unwrap().state,
            RefundState::Processing
        );
        till.pass(5_000);
        let truth = till.truth_of(channel, "ENDS0001").unwrap();
        let sums = (
            truth.kept.get(),
            truth.returned.get(),
            truth.in_transit.get(),
        );
        assert_eq!(sums, (kept, returned, in_transit), "{state:?}");
    }
}
