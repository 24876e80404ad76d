//! Chooses how WebKitGTK paints, before any window exists.
//!
//! Without a graphics card its default renderer paints a white window; with one, the careful mode is slower.
//! The choice must stand in the environment before the first library reads it, so the program starts itself once more with the variable set.
//! Never touches the environment of the running process.

/// Settles the renderer; on Linux this may replace the process by itself with one more variable.
pub(crate) fn settle() {
    #[cfg(target_os = "linux")]
    linux::settle();
}

/// WebKitGTK animates a turn of the wheel over many frames; on a till's processor that is a lag.
pub(crate) fn scroll_at_once(window: &tauri::WebviewWindow) -> tauri::Result<()> {
    #[cfg(target_os = "linux")]
    window.with_webview(|view| linux::scroll_at_once(&view.inner()))?;
    #[cfg(not(target_os = "linux"))]
    let _ = window;
    Ok(())
}

#[cfg(target_os = "linux")]
mod linux {
    use std::ffi::OsStr;
    use std::fs;
    use std::os::unix::process::CommandExt;
    use std::path::Path;
    use std::process::Command;

    use webkit2gtk::{SettingsExt, WebView, WebViewExt};

    /// Set on the second start: it says what was chosen and that the question is settled.
    const SETTLED: &str = "PAYDESK_RENDERER";
    const DISABLE_DMABUF: &str = "WEBKIT_DISABLE_DMABUF_RENDERER";
    const DISABLE_COMPOSITING: &str = "WEBKIT_DISABLE_COMPOSITING_MODE";
    const FORCE_SHARED_MEMORY: &str = "WEBKIT_DMABUF_RENDERER_FORCE_SHM";

    /// What the machine says about its graphics.
    #[derive(Clone, Copy, Debug, Default)]
    struct Graphics {
        has_hardware: bool,
        is_nvidia: bool,
        is_wayland: bool,
    }

    /// How the web view is to paint.
    #[derive(Clone, Copy, Debug, Eq, PartialEq)]
    enum Renderer {
        /// WebKitGTK's own choice.
        Default,
        /// Frames through shared memory: the NVIDIA driver under Wayland.
        SharedMemory,
        /// No DMABUF: nothing but the processor paints.
        Software,
    }

    impl Renderer {
        fn choose(graphics: Graphics) -> Self {
            if !graphics.has_hardware {
                Self::Software
            } else if graphics.is_nvidia && graphics.is_wayland {
                Self::SharedMemory
            } else {
                Self::Default
            }
        }

        /// A person's word (`PAYDESK_RENDERER`), where it names a mode.
        fn named(word: &OsStr) -> Option<Self> {
            match word.to_str()? {
                "default" => Some(Self::Default),
                "shared-memory" => Some(Self::SharedMemory),
                "software" => Some(Self::Software),
                _ => None,
            }
        }

        fn variable(self) -> Option<&'static str> {
            match self {
                Self::Default => None,
                Self::SharedMemory => Some(FORCE_SHARED_MEMORY),
                Self::Software => Some(DISABLE_DMABUF),
            }
        }
    }

    pub(super) fn settle() {
        // A mode set by hand for WebKitGTK itself wins over both detection and our own variable.
        let is_set = |name: &str| std::env::var_os(name).is_some();
        if [DISABLE_DMABUF, DISABLE_COMPOSITING, FORCE_SHARED_MEMORY]
            .into_iter()
            .any(is_set)
        {
            return;
        }
        let asked = std::env::var_os(SETTLED).and_then(|word| Renderer::named(&word));
        let Some(variable) = asked.unwrap_or_else(|| Renderer::choose(look())).variable() else {
            return;
        };
        let Ok(program) = std::env::current_exe() else {
            return;
        };
        let error = Command::new(program)
            .args(std::env::args_os().skip(1))
            .env(variable, "1")
            .exec();
        // `exec` only comes back when it failed; the default renderer may still paint.
        eprintln!("paydesk: the renderer could not be set: {error}");
    }

    pub(super) fn scroll_at_once(view: &WebView) {
        if let Some(settings) = WebViewExt::settings(view) {
            settings.set_enable_smooth_scrolling(false);
        }
    }

    fn look() -> Graphics {
        let software = std::env::var_os("LIBGL_ALWAYS_SOFTWARE").is_some_and(|word| word != "0");
        Graphics {
            has_hardware: !software && has_render_node(Path::new("/sys/class/drm")),
            is_nvidia: Path::new("/proc/driver/nvidia/version").exists(),
            is_wayland: std::env::var_os("WAYLAND_DISPLAY").is_some(),
        }
    }

    /// A render node whose driver is more than a frame buffer.
    fn has_render_node(folder: &Path) -> bool {
        let Ok(entries) = fs::read_dir(folder) else {
            return false;
        };
        entries.flatten().any(|entry| {
            entry.file_name().to_string_lossy().starts_with("renderD")
                && fs::read_link(entry.path().join("device/driver")).is_ok_and(|driver| {
                    let name = driver.file_name().unwrap_or_default().to_string_lossy();
                    !matches!(
                        name.as_ref(),
                        "vgem" | "vkms" | "bochs-drm" | "simple-framebuffer"
                    )
                })
        })
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        fn check(graphics: Graphics, expected: Renderer) {
            assert_eq!(Renderer::choose(graphics), expected, "{graphics:?}");
        }

        #[test]
        fn a_machine_without_a_graphics_card_paints_by_processor() {
            check(Graphics::default(), Renderer::Software);
            check(
                Graphics {
                    is_nvidia: true,
                    ..Graphics::default()
                },
                Renderer::Software,
            );
            let card = Graphics {
                has_hardware: true,
                ..Graphics::default()
            };
            check(card, Renderer::Default);
            check(
                Graphics {
                    is_nvidia: true,
                    ..card
                },
                Renderer::Default,
            );
            check(
                Graphics {
                    is_nvidia: true,
                    is_wayland: true,
                    ..card
                },
                Renderer::SharedMemory,
            );
        }

        #[test]
        fn a_word_that_names_no_mode_is_not_a_choice() {
            assert_eq!(
                Renderer::named(OsStr::new("software")),
                Some(Renderer::Software)
            );
            assert_eq!(Renderer::named(OsStr::new("fast")), None);
        }

        #[test]
        fn a_machine_without_render_nodes_has_no_hardware() {
            assert!(!has_render_node(Path::new("/nonexistent")));
        }
    }
}
