//! The words for libhailort's answers.
//!
//! Promises: every `hailo_status` the public headers of branch 4.x name, in their words; those that
//! mean "these parts do not go together" become a sentence that says which to change. Refuses:
//! guessing at numbers that came later.

use super::abi::Status;
use crate::backend::npu::NpuError;

/// The vendor's name of an answer.
pub(super) fn word(status: Status) -> &'static str {
    usize::try_from(status)
        .ok()
        .and_then(|at| WORDS.get(at))
        .copied()
        .unwrap_or("an unknown status")
}

/// The error that `call` of a library of `version` answered with `status`.
pub(super) fn failure(call: &'static str, status: Status, version: &str) -> NpuError {
    let word = word(status);
    let unfit = |what, of: &str, expected, remedy| {
        let got = format!("{of} ({status} {word})");
        NpuError::Unfit { what, got, expected, remedy }
    };
    match status {
        // The last two are how an older driver answers what it does not know.
        76 | 85 | 86 => unfit(
            "the Hailo driver",
            "of another version",
            format!("libhailort's, {version}"),
            "library and driver move together, so install the system image that has both",
        ),
        15 | 16 => unfit(
            "the Hailo chip's firmware",
            "of another version",
            format!("libhailort's, {version}"),
            "firmware, driver and library move together, so install the system image that has all",
        ),
        26 | 91 | 92 => unfit(
            "the HEF",
            "not readable",
            format!("one that libhailort {version} reads"),
            "install the model's HEF again, made for this HailoRT",
        ),
        75 | 93 => unfit(
            "the HEF",
            "made for another chip",
            "one for the chip of this box".to_owned(),
            "install the model's HEF for this chip: hailo8 and hailo8l have files of their own",
        ),
        _ => NpuError::Call { call, code: status, word },
    }
}

/// By number, from 0. Source: `hailort.h` of HailoRT 4.20 to 4.23.
const WORDS: [&str; 98] = [
    "HAILO_SUCCESS",
    "HAILO_UNINITIALIZED",
    "HAILO_INVALID_ARGUMENT",
    "HAILO_OUT_OF_HOST_MEMORY",
    "HAILO_TIMEOUT",
    "HAILO_INSUFFICIENT_BUFFER",
    "HAILO_INVALID_OPERATION",
    "HAILO_NOT_IMPLEMENTED",
    "HAILO_INTERNAL_FAILURE",
    "HAILO_DATA_ALIGNMENT_FAILURE",
    "HAILO_CHUNK_TOO_LARGE",
    "HAILO_INVALID_LOGGER_LEVEL",
    "HAILO_CLOSE_FAILURE",
    "HAILO_OPEN_FILE_FAILURE",
    "HAILO_FILE_OPERATION_FAILURE",
    "HAILO_UNSUPPORTED_CONTROL_PROTOCOL_VERSION",
    "HAILO_UNSUPPORTED_FW_VERSION",
    "HAILO_INVALID_CONTROL_RESPONSE",
    "HAILO_FW_CONTROL_FAILURE",
    "HAILO_ETH_FAILURE",
    "HAILO_ETH_INTERFACE_NOT_FOUND",
    "HAILO_ETH_RECV_FAILURE",
    "HAILO_ETH_SEND_FAILURE",
    "HAILO_INVALID_FIRMWARE",
    "HAILO_INVALID_CONTEXT_COUNT",
    "HAILO_INVALID_FRAME",
    "HAILO_INVALID_HEF",
    "HAILO_PCIE_NOT_SUPPORTED_ON_PLATFORM",
    "HAILO_INTERRUPTED_BY_SIGNAL",
    "HAILO_START_VDMA_CHANNEL_FAIL",
    "HAILO_SYNC_VDMA_BUFFER_FAIL",
    "HAILO_STOP_VDMA_CHANNEL_FAIL",
    "HAILO_CLOSE_VDMA_CHANNEL_FAIL",
    "HAILO_ATR_TABLES_CONF_VALIDATION_FAIL",
    "HAILO_EVENT_CREATE_FAIL",
    "HAILO_READ_EVENT_FAIL",
    "HAILO_DRIVER_OPERATION_FAILED",
    "HAILO_INVALID_FIRMWARE_MAGIC",
    "HAILO_INVALID_FIRMWARE_CODE_SIZE",
    "HAILO_INVALID_KEY_CERTIFICATE_SIZE",
    "HAILO_INVALID_CONTENT_CERTIFICATE_SIZE",
    "HAILO_MISMATCHING_FIRMWARE_BUFFER_SIZES",
    "HAILO_INVALID_FIRMWARE_CPU_ID",
    "HAILO_CONTROL_RESPONSE_MD5_MISMATCH",
    "HAILO_GET_CONTROL_RESPONSE_FAIL",
    "HAILO_GET_D2H_EVENT_MESSAGE_FAIL",
    "HAILO_MUTEX_INIT_FAIL",
    "HAILO_OUT_OF_DESCRIPTORS",
    "HAILO_UNSUPPORTED_OPCODE",
    "HAILO_USER_MODE_RATE_LIMITER_NOT_SUPPORTED",
    "HAILO_RATE_LIMIT_MAXIMUM_BANDWIDTH_EXCEEDED",
    "HAILO_ANSI_TO_UTF16_CONVERSION_FAILED",
    "HAILO_UTF16_TO_ANSI_CONVERSION_FAILED",
    "HAILO_UNEXPECTED_INTERFACE_INFO_FAILURE",
    "HAILO_UNEXPECTED_ARP_TABLE_FAILURE",
    "HAILO_MAC_ADDRESS_NOT_FOUND",
    "HAILO_NO_IPV4_INTERFACES_FOUND",
    "HAILO_SHUTDOWN_EVENT_SIGNALED",
    "HAILO_THREAD_ALREADY_ACTIVATED",
    "HAILO_THREAD_NOT_ACTIVATED",
    "HAILO_THREAD_NOT_JOINABLE",
    "HAILO_NOT_FOUND",
    "HAILO_COMMUNICATION_CLOSED",
    "HAILO_STREAM_ABORT",
    "HAILO_DRIVER_NOT_INSTALLED",
    "HAILO_NOT_AVAILABLE",
    "HAILO_TRAFFIC_CONTROL_FAILURE",
    "HAILO_INVALID_SECOND_STAGE",
    "HAILO_INVALID_PIPELINE",
    "HAILO_NETWORK_GROUP_NOT_ACTIVATED",
    "HAILO_VSTREAM_PIPELINE_NOT_ACTIVATED",
    "HAILO_OUT_OF_FW_MEMORY",
    "HAILO_STREAM_NOT_ACTIVATED",
    "HAILO_DEVICE_IN_USE",
    "HAILO_OUT_OF_PHYSICAL_DEVICES",
    "HAILO_INVALID_DEVICE_ARCHITECTURE",
    "HAILO_INVALID_DRIVER_VERSION",
    "HAILO_RPC_FAILED",
    "HAILO_INVALID_SERVICE_VERSION",
    "HAILO_NOT_SUPPORTED",
    "HAILO_NMS_BURST_INVALID_DATA",
    "HAILO_OUT_OF_HOST_CMA_MEMORY",
    "HAILO_QUEUE_IS_FULL",
    "HAILO_DMA_MAPPING_ALREADY_EXISTS",
    "HAILO_CANT_MEET_BUFFER_REQUIREMENTS",
    "HAILO_DRIVER_INVALID_RESPONSE",
    "HAILO_DRIVER_INVALID_IOCTL",
    "HAILO_DRIVER_TIMEOUT",
    "HAILO_DRIVER_INTERRUPTED",
    "HAILO_CONNECTION_REFUSED",
    "HAILO_DRIVER_WAIT_CANCELED",
    "HAILO_HEF_FILE_CORRUPTED",
    "HAILO_HEF_NOT_SUPPORTED",
    "HAILO_HEF_NOT_COMPATIBLE_WITH_DEVICE",
    "HAILO_INVALID_HEF_USE",
    "HAILO_OPERATION_ABORTED",
    "HAILO_DEVICE_NOT_CONNECTED",
    "HAILO_DEVICE_TEMPORARILY_UNAVAILABLE",
];

#[cfg(test)]
mod tests {
    use super::{failure, word};
    use crate::backend::npu::NpuError;

    #[test]
    fn a_status_has_its_vendors_word() {
        for (status, expected) in [
            (4, "HAILO_TIMEOUT"),
            (26, "HAILO_INVALID_HEF"),
            (62, "HAILO_COMMUNICATION_CLOSED"),
            (74, "HAILO_OUT_OF_PHYSICAL_DEVICES"),
            (76, "HAILO_INVALID_DRIVER_VERSION"),
            (97, "HAILO_DEVICE_TEMPORARILY_UNAVAILABLE"),
            (98, "an unknown status"),
            (-1, "an unknown status"),
            (i32::MAX, "an unknown status"),
        ] {
            assert_eq!(word(status), expected);
        }
    }

    #[test]
    fn parts_that_do_not_go_together_are_said_in_a_sentence() {
        for (status, expected) in [
            (
                76,
                "NPU model: the Hailo driver is of another version \
                 (76 HAILO_INVALID_DRIVER_VERSION), expected libhailort's, 4.23.0: library and \
                 driver move together, so install the system image that has both",
            ),
            (
                93,
                "NPU model: the HEF is made for another chip \
                 (93 HAILO_HEF_NOT_COMPATIBLE_WITH_DEVICE), expected one for the chip of this box: \
                 install the model's HEF for this chip: hailo8 and hailo8l have files of their own",
            ),
            (4, "NPU: hailo_create_vdevice answered 4 (HAILO_TIMEOUT)"),
        ] {
            assert_eq!(failure("hailo_create_vdevice", status, "4.23.0").to_string(), expected);
        }
    }

    #[test]
    fn what_to_do_about_it_fits_into_health() {
        for status in 0..100 {
            if let NpuError::Unfit { remedy, .. } = failure("any", status, "4.23.0") {
                assert!(remedy.len() <= NpuError::LONGEST_REMEDY, "{remedy}");
            }
        }
    }
}
