//! The list: found by anything, page by page, from any position.

use crate::shop::*;
use paydesk_desk::ports::*;
use paydesk_domain::*;

#[tokio::test]
async fn one_box_finds_an_order_by_any_number_amount_note_or_name() {
    let folder = folder("search");
    let store = open(&folder).await.unwrap();
    let order = opened(&store, "intent-1", 4650, "生日蛋糕 6 寸").await;
    store
        .commit(paid(&order, "2026112122001400009876"))
        .await
        .unwrap();
    opened(&store, "intent-2", 9_999, "茶").await;
    let number = order.number().to_string();
    let reference = order.latest().unwrap().reference().to_string();
    let searches = [
        number.as_str(),
        &number[..8],
        &number[14..],
        reference.as_str(),
        "20261121220014",
        "9876",
        "46.5",
        "46.50",
        "40-60",
        "蛋糕",
        "生日",
    ];
    for search in searches {
        let filter = OrderFilter {
            tab: Tab::All,
            search: search.to_owned(),
            day_from: None,
            day_to: None,
            status: None,
            channel: None,
            currencies: vec![Currency::CNY],
        };
        let page = store.list(&filter, None, 10).await.unwrap();
        assert!(
            page.rows.iter().any(|r| r.number == *order.number()),
            "{search}: {:?}",
            page.rows
        );
        if !search.starts_with(&number[..8]) || search == number {
            let over = store.totals(&filter).await.unwrap();
            assert_eq!(over.totals[0].count, 1, "{search}");
        }
        let none = store
            .list(
                &OrderFilter {
                    search: format!("{search}不"),
                    ..filter
                },
                None,
                10,
            )
            .await
            .unwrap();
        assert!(none.rows.is_empty(), "{search}");
    }
}

#[tokio::test]
async fn pages_follow_each_other_without_gaps() {
    let folder = folder("pages");
    let store = open(&folder).await.unwrap();
    for n in 0..25 {
        opened(&store, &format!("intent-{n}"), 100 + n, "").await;
    }
    let filter = OrderFilter {
        tab: Tab::All,
        search: String::new(),
        day_from: Some(DAY),
        day_to: Some(DAY),
        status: None,
        channel: None,
        currencies: vec![Currency::CNY],
    };
    let (mut seen, mut cursor) = (Vec::new(), None);
    loop {
        let page = store.list(&filter, cursor.as_deref(), 10).await.unwrap();
        seen.extend(page.rows.into_iter().map(|r| r.number));
        cursor = page.next;
        if cursor.is_none() {
            break;
        }
    }
    let mut sorted = seen.clone();
    sorted.sort();
    sorted.dedup();
    assert_eq!((seen.len(), sorted.len()), (25, 25));
    for position in [0, 7, 24] {
        let page = store.list_at(&filter, position, 10).await.unwrap();
        let from = usize::try_from(position).unwrap();
        let rows: Vec<_> = page.rows.into_iter().map(|r| r.number).collect();
        assert_eq!(rows, seen[from..seen.len().min(from + 10)], "{position}");
    }
    assert!(
        store
            .list_at(&filter, 25, 10)
            .await
            .unwrap()
            .rows
            .is_empty()
    );
}
