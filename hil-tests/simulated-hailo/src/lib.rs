//! A simulated libhailort: the vendor's C interface on a machine without the vendor's chip.
//!
//! Promises: loaded by the shipped code as the real library would be, it takes the calls of one
//! network from device to release as HailoRT 4.23 does and computes the model's ONNX network with
//! tract, its outputs quantized as a compiled HEF's are. It says what it is: its version as text,
//! [`exports::polewatch_simulated_version`], ends in `-sim`. Refuses: real HEFs, speed, and any
//! claim about silicon.
//!
//! Told to, it fails. `POLEWATCH_SIM_NPU_FAULT` names a file that is read anew at each call; each
//! of its lines is one trouble, and none, no file or no variable is health:
//!
//! | line | what happens |
//! |---|---|
//! | `init version` | the library says it is 5.2.0 |
//! | `driver 76` | `hailo_create_vdevice` answers 76, or whichever number stands there |
//! | `init hang`, `init crash` | opening a device never ends, or ends the process |
//! | `init magic` | the HEF is refused (26) |
//! | `init platform` | the HEF is for another chip (93) |
//! | `query size` | frames are said to be half as large |
//! | `run timeout` | reading ends with 4 after the stream's time-out |
//! | `run hang` | reading never ends |
//! | `run crash` | the process ends |
//! | `run garbage` | the outputs are noise |
//! | `run stale` | the outputs are those of the last picture before |
//! | `run blank` | the outputs are zeros |
//! | `run slow 200ms` | writing takes so much longer |
//! | `run gone` | writing and reading answer 62 |
//! | `run idle` | nothing is computed or written: what remains is the caller's own cost |
//! | `temperature 95` | the chip is so hot, in degrees Celsius |

mod chip;
pub mod exports;
mod fault;
mod hef;
pub mod loaded;

pub use hef::{HefError, SimulatedHef, SimulatedOutput, StreamForm};
