//! The month a demo shop has behind it.

use crate::shell::{check, run};
use std::path::Path;

/// What a run through the missing bills printed, and yesterday.
pub(crate) struct Past {
    pub(crate) fetched: String,
    pub(crate) yesterday: String,
}

/// Fetches every bill. Differences lie on yesterday, whose bills the sandbox gives at any hour, while a run asks for
/// them from the channels' hours on only.
pub(crate) fn fetch(folder: &Path) -> Past {
    let output = run(folder, &["bills", "fetch", "--missing"]);
    let fetched = String::from_utf8(output.stdout).unwrap();
    let days = fetched.lines().filter_map(|line| line.split('\t').next());
    let newest = days.max().unwrap().to_owned();
    let has_differences = |line: &str| !line.contains("\t0 differences");
    if fetched.lines().any(has_differences) {
        assert_eq!(output.status.code(), Some(6), "{fetched}");
        let yesterday = newest;
        return Past { fetched, yesterday };
    }
    assert_eq!(output.status.code(), Some(0), "{fetched}");
    let before: jiff::civil::Date = newest.parse().unwrap();
    let yesterday = before.tomorrow().unwrap().to_string();
    for account in ["demo-alipay", "demo-wechatpay"] {
        let of_account = ["bills", "fetch", "--account", account, "--day", &yesterday];
        check(folder, &of_account, 6);
    }
    Past { fetched, yesterday }
}
