//! Bill files that are wrong, opened by a person at the whole stack: a code with words in both languages that
//! say no money moved, and nothing of the file is kept.

#[allow(dead_code, reason = "shared with the tests of the reading itself")]
#[path = "../../../channels/tests/bills/support.rs"]
pub(crate) mod support;

use crate::counter::*;
use crate::till::Till;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use paydesk_console::contract::*;
use paydesk_texts::{Language, has, text};
use std::collections::HashMap;

const DAY: &str = "2024-11-26";

struct Bad {
    what: &'static str,
    file: Vec<u8>,
    day: Option<&'static str>,
    code: ErrorCode,
}

fn bad(what: &'static str, file: Vec<u8>, code: ErrorCode) -> Bad {
    Bad {
        what,
        file,
        day: None,
        code,
    }
}

/// A zip whose one entry leads out of it: the writer cleans names itself, so it gets a harmless one first.
fn leading_out(content: &[u8]) -> Vec<u8> {
    let (harmless, name) = (b"xxxabc.csv".as_slice(), b"../abc.csv".as_slice());
    let mut archive = support::zipped(&[("xxxabc.csv", content)]);
    for at in 0..archive.len() - harmless.len() {
        if archive[at..].starts_with(harmless) {
            archive[at..at + name.len()].copy_from_slice(name);
        }
    }
    archive
}

/// The same zip with the mark of an encrypted entry in both of its places.
fn encrypted(mut archive: Vec<u8>) -> Vec<u8> {
    for (head, flags) in [(b"PK\x03\x04", 6), (b"PK\x01\x02", 8)] {
        let at = archive.windows(4).position(|bytes| bytes == head).unwrap();
        archive[at + flags] |= 1;
    }
    archive
}

fn bad_files(channel: &str) -> Vec<Bad> {
    let (own, other) = if channel == "alipay" {
        ("alipay-trade-detail", "wechat-all")
    } else {
        ("wechat-all", "alipay-trade-detail")
    };
    let whole = support::bytes(&support::sample(own), "bytes_b64");
    let once = support::lines(own);
    let other_way = if channel == "alipay" {
        support::utf8(&once)
    } else {
        support::gbk(&once)
    };
    let row = if channel == "alipay" { 5 } else { 1 };
    let mut without_a_row = once.clone();
    without_a_row.remove(row);
    let mut with_a_row_twice = once.clone();
    with_a_row_twice.insert(row, once[row].clone());
    let mut with_another_sum = once.clone();
    let (at, sum) = if channel == "alipay" {
        (2, "20.00")
    } else {
        (1, "88.88")
    };
    let at = once.len() - at;
    with_another_sum[at] = once[at].replacen(sum, "20.01", 1);
    let packed = support::zipped(&[("a_业务明细.csv", &whole)]);
    let mut damaged = packed.clone();
    let middle = damaged.len() / 2;
    damaged[middle] ^= 0x55;
    vec![
        bad(
            "cut off",
            whole[..whole.len() / 2].to_vec(),
            ErrorCode::BillTruncated,
        ),
        bad("empty", Vec::new(), ErrorCode::BillTruncated),
        bad("in another encoding", other_way, ErrorCode::BillEncoding),
        Bad {
            day: Some("2024-11-25"),
            ..bad("of another day", whole.clone(), ErrorCode::BillWrongDay)
        },
        bad(
            "of the other channel",
            support::bytes(&support::sample(other), "bytes_b64"),
            ErrorCode::BillWrongChannel,
        ),
        bad(
            "doubled",
            [whole.clone(), whole.clone()].concat(),
            ErrorCode::BillDoubled,
        ),
        bad(
            "with a row twice",
            support::file(channel, &with_a_row_twice),
            ErrorCode::BillRepeatedRow,
        ),
        bad(
            "with a note behind its end",
            [whole.as_slice(), b"checked by hand\r\n"].concat(),
            ErrorCode::BillGoesOn,
        ),
        bad(
            "short of a row",
            support::file(channel, &without_a_row),
            ErrorCode::BillTotals,
        ),
        bad(
            "with a summary that is not its rows'",
            support::file(channel, &with_another_sum),
            ErrorCode::BillTotals,
        ),
        bad(
            "a bomb",
            support::zipped(&[("a_业务明细.csv", &vec![b'0'; 24 << 20])]),
            ErrorCode::BillBomb,
        ),
        bad(
            "leading out of its archive",
            leading_out(&whole),
            ErrorCode::BillLeadsOut,
        ),
        bad(
            "in an archive in an archive",
            support::zipped(&[("a.csv", &packed)]),
            ErrorCode::BillNested,
        ),
        bad(
            "behind a password",
            encrypted(packed.clone()),
            ErrorCode::BillEncrypted,
        ),
        bad(
            "one of two in an archive",
            support::zipped(&[("1_业务明细.csv", &whole), ("2_业务明细.csv", &whole)]),
            ErrorCode::BillSeveral,
        ),
        bad("in a damaged archive", damaged, ErrorCode::BillArchive),
    ]
}

async fn refused(till: &Till, account: &str, bad: &Bad) -> CommandError {
    let open = OpenBill {
        account_id: account.to_owned(),
        day: bad.day.map(str::to_owned),
        file: given(&bad.file),
    };
    let opened = till.ask::<_, BillPreview>("open_bill", open).await;
    opened.expect_err(bad.what)
}

pub(crate) fn given(file: &[u8]) -> GivenFile {
    GivenFile::Content {
        name: "bill.csv".to_owned(),
        base64: STANDARD.encode(file),
    }
}

fn dropped(file: &[u8]) -> DroppedBill {
    DroppedBill { file: given(file) }
}

/// The sentence of the code in both languages, with its values in their places.
fn words(error: &CommandError) -> [String; 2] {
    let code = serde_json::to_value(error.code).unwrap();
    let key = format!("error_{}", code.as_str().unwrap());
    let values: Vec<(&str, &str)> = error
        .params
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect();
    [Language::Chinese, Language::English].map(|language| {
        assert!(has(language, &key), "{key}");
        let said = text(language, &key, &values);
        assert!(!said.contains('{'), "{said}");
        said
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bill_file_that_is_wrong_says_what_and_nothing_of_it_is_kept() {
    let (street, keyring) = (Street::open("bad-bills").await, keyring());
    let till = shop("bad-bills", &keyring).await;
    let (mut told, mut accounts) = (HashMap::new(), Vec::new());
    let drafts = [
        (
            "alipay",
            with(street.alipay(), "seller_id", "2088021109625633"),
        ),
        ("wechatpay", with(street.wechatpay(), "mchid", "1900000001")),
    ];
    for (channel, draft) in drafts {
        let account = add(&till, draft).await.unwrap().id;
        for bad in bad_files(channel) {
            let error = refused(&till, &account, &bad).await;
            let seen = (error.code, error.money);
            assert_eq!(
                seen,
                (bad.code, MoneyMark::NotMoved),
                "{channel}: {}",
                bad.what
            );
            let [chinese, english] = words(&error);
            assert!(chinese.contains("没有扣款"), "{chinese}");
            assert!(english.contains("No money moved"), "{english}");
            // What to do stands behind what happened and the word about money.
            assert!(english.matches(". ").count() >= 2, "{english}");
            assert!(chinese.matches('。').count() >= 3, "{chinese}");
            // One code, one way of being wrong; one text, one code.
            let code = format!("{:?}", error.code);
            for said in [chinese, english] {
                let words = said.replace(|c: char| c.is_ascii_digit(), "");
                let other = told.insert(words, code.clone());
                assert!(other.is_none_or(|other| other == code), "{said}");
            }
            let kept = DayOf {
                account_id: account.clone(),
                day: DAY.to_owned(),
            };
            let kept = till.ask::<_, ReconciledDay>("reconciled_day", kept).await;
            assert_eq!(kept.unwrap_err().code, ErrorCode::BillEmpty, "{}", bad.what);
        }
        // The same account takes the genuine file, so each one above was refused for what is wrong with it.
        let own = if channel == "alipay" {
            "alipay-trade-detail"
        } else {
            "wechat-all"
        };
        let open = OpenBill {
            account_id: account,
            day: Some(DAY.to_owned()),
            file: given(&support::bytes(&support::sample(own), "bytes_b64")),
        };
        let preview: BillPreview = till.ask("open_bill", open).await.unwrap();
        assert_eq!(preview.day, DAY);
        // In another order it says the same.
        let mut turned = support::lines(own);
        let first = if channel == "alipay" { 5 } else { 1 };
        turned.swap(first, first + 1);
        let open = OpenBill {
            account_id: preview.account_id.clone(),
            day: Some(DAY.to_owned()),
            file: given(&support::file(channel, &turned)),
        };
        let other_order: BillPreview = till.ask("open_bill", open).await.unwrap();
        assert_eq!(other_order.result.bill, preview.result.bill);
        assert_eq!(other_order.differences.len(), preview.differences.len());
        if channel == "wechatpay" {
            // Each of its rows names the merchant: one that names another is of other books.
            let mut foreign = support::lines(own);
            foreign[2] = foreign[2].replacen("1900000001", "1900000002", 1);
            let open = OpenBill {
                account_id: preview.account_id.clone(),
                day: Some(DAY.to_owned()),
                file: given(&support::file(channel, &foreign)),
            };
            let opened = till.ask::<_, BillPreview>("open_bill", open).await;
            assert_eq!(opened.unwrap_err().code, ErrorCode::BillWrongMerchant);
        }
        accounts.push((preview.account_id, own));
    }
    // Dropped together, each file is told by what is in it.
    for (account, own) in accounts {
        let file = support::bytes(&support::sample(own), "bytes_b64");
        let preview: BillPreview = till.ask("recognise_bill", dropped(&file)).await.unwrap();
        assert_eq!((preview.account_id, preview.day.as_str()), (account, DAY));
    }
    let stranger = till.ask::<_, BillPreview>("recognise_bill", dropped(b"a,b\n1,2\n"));
    assert_eq!(
        stranger.await.unwrap_err().code,
        ErrorCode::BillWrongChannel
    );
    till.close().await;
    street.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_bill_tells_how_far_it_is_and_is_stopped() {
    let (street, keyring) = (Street::open("long-bill").await, keyring());
    let till = shop("long-bill", &keyring).await;
    let draft = with(street.alipay(), "seller_id", "2088021109625633");
    let account_id = add(&till, draft).await.unwrap().id;
    let once = support::lines("alipay-trade-detail");
    // A row a hundred thousand times: read to its end it would be refused in other words.
    let rows = vec![once[5].clone(); 100_000];
    let long = [once[..5].to_vec(), rows, once[6..].to_vec()].concat();
    let folder = std::env::temp_dir().join(format!("paydesk-long-bill-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let file = folder.join("long.csv");
    std::fs::write(&file, support::file("alipay", &long)).unwrap();
    let file = GivenFile::Path {
        path: file.to_str().unwrap().to_owned(),
    };
    let open = OpenBill {
        account_id,
        day: None,
        file,
    };
    let none = BillReading { reading: None };
    let idle: BillReading = till.ask("stop_bill_reading", NoArgs {}).await.unwrap();
    assert_eq!(idle, none);
    let opening = till.ask::<_, LookedFile>("open_bill", open);
    let stopping = async {
        loop {
            let seen: BillReading = till.ask("bill_reading", NoArgs {}).await.unwrap();
            if seen.reading.is_some_and(|it| it.permille > 0) {
                let _: BillReading = till.ask("stop_bill_reading", NoArgs {}).await.unwrap();
                return;
            }
            tokio::time::sleep(std::time::Duration::from_millis(1)).await;
        }
    };
    // Reading keeps its thread busy: whoever wants to stop it comes from another one.
    let runtime = tokio::runtime::Handle::current();
    let opened = tokio::task::block_in_place(|| {
        std::thread::scope(|scope| {
            let opened = scope.spawn(|| runtime.block_on(opening));
            runtime.block_on(stopping);
            opened.join().unwrap()
        })
    });
    let error = opened.unwrap_err();
    assert_eq!(
        (error.code, error.money),
        (ErrorCode::BillStopped, MoneyMark::NotMoved)
    );
    let after: BillReading = till.ask("bill_reading", NoArgs {}).await.unwrap();
    assert_eq!(after, none);
    std::fs::remove_dir_all(folder).unwrap();
    till.close().await;
    street.close().await;
}
