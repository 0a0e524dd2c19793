//! A `librknnrt.so` without an NPU: Rockchip's C interface, the network computed by tract.
//!
//! Promises: what the vendor documents of the functions here, strides, native layouts and error
//! codes among it; a version that ends in `-sim`; strictness the vendor's does not have: whoever
//! destroys a context before the memory lent by it, or names a fault that does not exist, ends the
//! process. Refuses: models compiled for silicon; being shipped.
//!
//! # Faults
//! `POLEWATCH_SIM_NPU_FAULT` names a file that is read at every call that can fail, so trouble
//! can begin and end while a process lives. No variable, no file or an empty one: healthy. Each
//! line is a function and what becomes of it:
//!
//! | line | what happens |
//! |---|---|
//! | `init magic` | `rknn_init` answers -6, as for a damaged file |
//! | `init version` | -1, as for a model of a newer toolkit ("Invalid RKNN model version 6") |
//! | `init platform` | -13, as for another chip's model |
//! | `init memory` | -4 |
//! | `query size` | `rknn_query` answers -5 |
//! | `query nonsense` | tensors without sane dimensions, strides and scales |
//! | `library 1.4.0-sim` | the library calls itself so |
//! | `driver 0.9.3` | the driver is of that version |
//! | `memory none` | `rknn_create_mem` gives a null pointer |
//! | `memory nowhere` | `rknn_create_mem` gives memory without an address |
//! | `run timeout` | `rknn_run` answers -2 |
//! | `run gone` | -3: the device is gone |
//! | `run garbage` | every output is noise |
//! | `run stale` | every output stays what it was |
//! | `run blank` | every output is zeros |
//! | `run slow 200ms` | it takes so much longer |
//! | `run hang`, `init hang` | it never answers |
//! | `run crash`, `init crash` | the process ends as by a fault in the library |
//! | `F CODE` | `rknn_F` answers the number, for `F` of init, query, run, inputs_set, outputs_get, outputs_release, set_io_mem, mem_sync, set_core_mask |

pub mod model_file;

mod context;
mod exports;
mod fault;
mod lent;
mod tensor;
