//! Where fonts with Chinese characters lie on each system. Reads them; knows nothing of what they are for.

use std::{fs, path::PathBuf};

/// Larger than any font that comes with a system.
const FONT_MAX: u64 = 128 << 20;

/// The places of fonts that systems and their packages install, those with plain outlines first.
const PLACES: &[&str] = &[
    // fonts-noto-cjk of Debian and Ubuntu, noto-fonts-cjk of Arch, google-noto-sans-cjk-fonts of Fedora.
    "/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc",
    "/usr/share/fonts/noto-cjk/NotoSansCJK-Regular.ttc",
    "/usr/share/fonts/google-noto-cjk/NotoSansCJK-Regular.ttc",
    "/usr/share/fonts/google-noto-sans-cjk-fonts/NotoSansCJK-Regular.ttc",
    "/usr/share/fonts/truetype/noto/NotoSansCJK-Regular.ttc",
    "/usr/share/fonts/opentype/source-han-sans/SourceHanSansSC-Regular.otf",
    "/usr/share/fonts/adobe-source-han-sans/SourceHanSansCN-Regular.otf",
    // fonts-wqy-microhei, fonts-wqy-zenhei, fonts-droid-fallback, fonts-arphic-uming.
    "/usr/share/fonts/truetype/wqy/wqy-microhei.ttc",
    "/usr/share/fonts/wenquanyi/wqy-microhei/wqy-microhei.ttc",
    "/usr/share/fonts/truetype/wqy/wqy-zenhei.ttc",
    "/usr/share/fonts/truetype/droid/DroidSansFallbackFull.ttf",
    "/usr/share/fonts/truetype/arphic/uming.ttc",
    // Deepin, openKylin and UOS.
    "/usr/share/fonts/truetype/noto-cjk/NotoSansCJK-Regular.ttc",
    // macOS.
    "/System/Library/Fonts/PingFang.ttc",
    "/System/Library/Fonts/STHeiti Light.ttc",
    "/System/Library/Fonts/Supplemental/Songti.ttc",
    "/System/Library/Fonts/Hiragino Sans GB.ttc",
    "/Library/Fonts/Arial Unicode.ttf",
    // Windows.
    "C:\\Windows\\Fonts\\msyh.ttc",
    "C:\\Windows\\Fonts\\simhei.ttf",
    "C:\\Windows\\Fonts\\simsun.ttc",
    "C:\\Windows\\Fonts\\Deng.ttf",
];

/// The first font that fits, in the order of the places.
pub(crate) fn find(fits: &dyn Fn(&[u8]) -> bool) -> Option<Vec<u8>> {
    first_of(PLACES.iter().map(PathBuf::from), fits)
}

fn first_of(
    places: impl Iterator<Item = PathBuf>,
    fits: &dyn Fn(&[u8]) -> bool,
) -> Option<Vec<u8>> {
    let mut places = places;
    places.find_map(|place| {
        let about = fs::metadata(&place).ok()?;
        if !about.is_file() || about.len() > FONT_MAX {
            return None;
        }
        fs::read(&place).ok().filter(|bytes| fits(bytes))
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn the_first_that_fits_is_taken_and_none_is_none() {
        let folder = std::env::temp_dir().join(format!("paydesk-fonts-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let place = |name: &str| folder.join(name);
        fs::write(place("latin"), b"latin").unwrap();
        fs::write(place("chinese"), b"chinese").unwrap();
        let places = || ["absent", "", "latin", "chinese"].map(place).into_iter();
        let found = first_of(places(), &|bytes| bytes == b"chinese");
        assert_eq!(found.as_deref(), Some(&b"chinese"[..]));
        assert_eq!(first_of(places(), &|_| false), None);
        fs::remove_dir_all(folder).unwrap();
    }
}
