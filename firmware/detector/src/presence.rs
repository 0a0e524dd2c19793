//! Which NPU this box has, as the kernel tells it.

use std::path::Path;

use crate::backend::BackendKind;

/// The board's name and chip, most specific first, each ended by a NUL.
const COMPATIBLE: &str = "/proc/device-tree/compatible";
/// The node of Hailo's driver.
const HAILO: &str = "/dev/hailo0";

/// The chips found here, a card before what the processor has: somebody put it in.
pub(crate) fn platforms() -> impl Iterator<Item = &'static str> {
    // A model for the 8L runs on both, with half of an 8 unused.
    let card = Path::new(HAILO).exists().then_some(["hailo8", "hailo8l"]);
    let compatible = std::fs::read(COMPATIBLE).unwrap_or_default();
    card.into_iter().flatten().chain(processor(&compatible))
}

/// Whose runtime drives `platform`.
pub(crate) fn kind_of(platform: &str) -> BackendKind {
    if platform.starts_with("hailo") { BackendKind::Hailo } else { BackendKind::Rknn }
}

/// The conversion that the processor of a board described as `compatible` runs.
fn processor(compatible: &[u8]) -> Option<&'static str> {
    const KNOWN: [(&str, &str); 5] = [
        ("rockchip,rk3588s", "rk3588"),
        ("rockchip,rk3588", "rk3588"),
        ("rockchip,rk3566", "rk3566"),
        // The same NPU.
        ("rockchip,rk3568", "rk3566"),
        ("rockchip,rv1126b", "rv1126b"),
    ];
    let names = compatible.split(|&byte| byte == 0);
    let mut chips = names.filter_map(|name| {
        KNOWN.iter().find(|(known, _)| known.as_bytes() == name).map(|&(_, platform)| platform)
    });
    chips.next()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_chip_is_read_off_the_device_tree() {
        for (compatible, expected) in [
            (&b"radxa,rock-5b\0rockchip,rk3588\0"[..], Some("rk3588")),
            (b"friendlyarm,nanopi-r6s\0rockchip,rk3588s\0", Some("rk3588")),
            (b"pine64,quartz64-a\0rockchip,rk3566\0", Some("rk3566")),
            (b"firefly,roc-rk3568-pc\0rockchip,rk3568\0", Some("rk3566")),
            (b"raspberrypi,5-model-b\0brcm,bcm2712\0", None),
            (b"rockchip,rk3588x\0", None),
            (b"", None),
        ] {
            assert_eq!(processor(compatible), expected);
        }
    }

    #[test]
    fn every_platform_has_a_runtime() {
        for platform in crate::manifest::NpuModels::PLATFORMS {
            let hailo = kind_of(platform) == BackendKind::Hailo;
            assert_eq!(hailo, platform.starts_with("hailo"), "{platform}");
        }
    }
}
