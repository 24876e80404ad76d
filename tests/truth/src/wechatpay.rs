//! WeChat Pay's trade bill: UTF-8 with a byte order mark, CRLF, a back-tick before every value, titles and values of
//! the sums in the last two lines (接口文档 申请交易账单, `ALL`). A reference that begins with a back-tick has two.

use crate::files::{china_time, yuan};
use crate::world::{BillRow, Kind, State};

/// The merchant.
pub(crate) const MERCHANT: &str = "1900000001";
const TITLES: &str = "交易时间,公众账号ID,商户号,特约商户号,设备号,微信订单号,商户订单号,用户标识,交易类型,交易状态,付款银行,货币种类,应结订单金额,代金券金额,微信退款单号,商户退款单号,退款金额,充值券退款金额,退款类型,退款状态,商品名称,商户数据包,手续费,费率,订单金额,申请退款金额,费率备注";
const SUMS: &str =
    "总交易单数,应结订单总金额,退款总金额,充值券退款总金额,手续费总金额,订单总金额,申请退款总金额";

pub(crate) fn file(rows: &[BillRow]) -> Vec<u8> {
    let mut lines = vec![format!("\u{feff}{TITLES}")];
    lines.extend(rows.iter().map(row));
    let total = |kind: Kind| -> i64 {
        let of_kind = rows.iter().filter(|row| row.kind == kind);
        of_kind.map(|row| row.amount).sum()
    };
    let (paid, back) = (yuan(total(Kind::Payment)), yuan(total(Kind::Refund)));
    let fees = rows.iter().map(|row| row.fee).sum::<i64>();
    lines.push(SUMS.to_owned());
    lines.push(marked(&[
        rows.len().to_string(),
        paid.clone(),
        back.clone(),
        "0.00".to_owned(),
        format!("{}000", yuan(fees)),
        paid,
        back,
    ]));
    lines.push(String::new());
    lines.join("\r\n").into_bytes()
}

fn marked(cells: &[String]) -> String {
    let cells: Vec<String> = cells.iter().map(|cell| format!("`{cell}")).collect();
    cells.join(",")
}

fn row(row: &BillRow) -> String {
    let is_payment = row.kind == Kind::Payment;
    let (paid, back) = if is_payment {
        (row.amount, 0)
    } else {
        (0, row.amount)
    };
    let is_reversal = !is_payment && row.refund.is_empty();
    let state = match (is_payment, is_reversal) {
        (true, _) => "SUCCESS",
        (false, true) => "REVOKED",
        (false, false) => "REFUND",
    };
    let refund = match (is_payment, row.state) {
        (true, _) => ["0", "0", "0.00", "0.00", "", ""].map(str::to_owned),
        (false, moved) => [
            format!("5030{}", row.transaction),
            if is_reversal {
                "0".to_owned()
            } else {
                row.refund.clone()
            },
            yuan(back),
            "0.00".to_owned(),
            "ORIGINAL".to_owned(),
            match moved {
                State::Done => "SUCCESS",
                State::Pending => "PROCESSING",
                State::Failed => "FAIL",
            }
            .to_owned(),
        ],
    };
    let mut cells = [
        china_time(row.at).as_str(),
        "wxd678efh567hg6787",
        MERCHANT,
        "0",
        "POS1",
        &row.transaction,
        &row.payment,
        "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o",
        "MICROPAY",
        state,
        "OTHERS",
        "CNY",
        &yuan(paid),
        "0.00",
    ]
    .map(str::to_owned)
    .to_vec();
    cells.extend(refund);
    cells.extend([
        row.subject.clone(),
        String::new(),
        format!("{}000", yuan(row.fee)),
        "0.38%".to_owned(),
        yuan(paid),
        yuan(back),
        String::new(),
    ]);
    marked(&cells)
}
