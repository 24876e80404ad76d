//! The targets under libFuzzer: new inputs are kept by the code that they reach. `PAYDESK_FUZZ_TARGET` names one.
#![no_main]

use libfuzzer_sys::fuzz_target;
use paydesk_fuzz::{Target, by_name};
use std::sync::LazyLock;

static TARGET: LazyLock<&'static Target> = LazyLock::new(|| {
    let name = std::env::var("PAYDESK_FUZZ_TARGET").unwrap_or_default();
    by_name(&name).unwrap_or_else(|| panic!("PAYDESK_FUZZ_TARGET names no target: `{name}`"))
});

fuzz_target!(|bytes: &[u8]| (TARGET.run)(bytes));
