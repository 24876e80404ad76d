//! Addresses that a channel hands out: where they lead, and whether we go there.

use crate::{AccountSettings, Profile};

/// A web address taken apart. Anything out of the ordinary in it is no address.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Address<'a> {
    /// `http` or `https`.
    pub scheme: &'a str,
    /// Host, and port if it names one.
    pub authority: &'a str,
    /// Path and query as they stand there.
    pub target: &'a str,
}

impl<'a> Address<'a> {
    /// Takes an address apart.
    #[must_use]
    pub fn read(url: &'a str) -> Option<Address<'a>> {
        let (scheme, rest) = url.split_once("://")?;
        let at = rest.find(['/', '?', '#'])?;
        let (authority, target) = rest.split_at_checked(at)?;
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b".-:[]".contains(&byte);
        let whole = matches!(scheme, "http" | "https")
            && !authority.is_empty()
            && authority.bytes().all(plain)
            && target.starts_with('/')
            && target.bytes().all(|byte| byte.is_ascii_graphic())
            && !target.contains(['#', '"', '\\']);
        whole.then_some(Address {
            scheme,
            authority,
            target,
        })
    }

    fn host(self) -> &'a str {
        if let Some(end) = self.authority.find(']') {
            return self.authority.get(..=end).unwrap_or_default();
        }
        self.authority
            .split_once(':')
            .map_or(self.authority, |(host, _)| host)
    }

    fn is_loopback(self) -> bool {
        let host = self.host();
        matches!(host, "127.0.0.1" | "[::1]" | "localhost") || host.ends_with(".localhost")
    }
}

/// Where the file behind `url` may be fetched from: a host of the channel, then always by TLS; or, for a
/// sandbox account, its own gateway. `None` when the link leads elsewhere.
#[must_use]
pub fn fetchable(url: &str, account: &AccountSettings, profile: &Profile) -> Option<String> {
    let link = Address::read(url)?;
    let listed = |address: Address<'_>| profile.hosts.contains(&address.host());
    let gateway = with_path(&account.gateway);
    let gateway = Address::read(&gateway)?;
    if listed(gateway) {
        let own = link.authority == link.host() && listed(link);
        return own.then(|| format!("https://{}{}", link.authority, link.target));
    }
    let same = link.scheme == gateway.scheme && link.authority == gateway.authority;
    // A sandbox on this machine names itself by the address it was asked at.
    let near = link.is_loopback() && gateway.is_loopback();
    (same || near).then(|| url.to_owned())
}

/// A gateway may be given without a path.
fn with_path(gateway: &str) -> String {
    let after = gateway.find("://").map_or(0, |at| at + 3);
    let bare = gateway.get(after..).is_some_and(|rest| !rest.contains('/'));
    if bare {
        format!("{gateway}/")
    } else {
        gateway.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::by_id;
    use std::collections::BTreeMap;

    fn fetched(channel: &str, gateway: &str, url: &str) -> Option<String> {
        let profile = by_id(channel)?.profile();
        let account = AccountSettings {
            sandbox: false,
            gateway: if gateway.is_empty() {
                profile.gateway.to_owned()
            } else {
                gateway.to_owned()
            },
            fields: BTreeMap::new(),
        };
        fetchable(url, &account, profile)
    }

    #[test]
    fn a_link_leads_to_the_channel_and_by_tls() {
        assert_eq!(
            fetched(
                "alipay",
                "",
                "http://dwbillcenter.alipay.com/downloadBillFile.resource?a=b"
            )
            .as_deref(),
            Some("https://dwbillcenter.alipay.com/downloadBillFile.resource?a=b")
        );
        let wechatpay = "https://api.mch.weixin.qq.com/v3/billdownload/file?token=x";
        assert_eq!(
            fetched("wechatpay", "", wechatpay).as_deref(),
            Some(wechatpay)
        );
        for elsewhere in [
            "http://127.0.0.1:8080/x",
            "https://example.com/x",
            "https://api.mch.weixin.qq.com@example.com/x",
            "https://api.mch.weixin.qq.com.example.com/x",
            "https://api.mch.weixin.qq.com:444/x",
            "https://api.mch.weixin.qq.com\\.example.com/x",
            "https://api.mch.weixin.qq.com/a b",
            "https://api.mch.weixin.qq.com?x",
            "ftp://api.mch.weixin.qq.com/x",
            "file:///etc/passwd",
            "//api.mch.weixin.qq.com/x",
            "",
        ] {
            assert_eq!(fetched("wechatpay", "", elsewhere), None, "{elsewhere}");
        }
    }

    #[test]
    fn a_sandbox_accounts_link_leads_to_its_sandbox() {
        let gateway = "http://sandbox.localhost/gateway.do";
        let near = "http://127.0.0.1:4040/bill?x=1";
        assert_eq!(fetched("alipay", gateway, near).as_deref(), Some(near));
        assert_eq!(
            fetched("alipay", "http://10.0.0.5:90/gateway.do", near),
            None
        );
        let own = "http://10.0.0.5:90/bill";
        assert_eq!(
            fetched("alipay", "http://10.0.0.5:90/gateway.do", own).as_deref(),
            Some(own)
        );
        assert_eq!(
            fetched("alipay", gateway, "https://dwbillcenter.alipay.com/x"),
            None
        );
    }
}
