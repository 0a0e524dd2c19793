//! A session: device, HEF, network group and streams, opened in the vendor's order.
//!
//! Promises: whatever step fails, what was made before it is released in reverse; every count, size
//! and shape the library gives is compared before memory is handed to it. Refuses: more than one
//! network in a HEF and more than one input.
#![allow(unsafe_code, reason = "calls C functions")]

use super::abi::{
    self, ConfigureParams, Handle, Identity, NamedStreamParams, Status, StreamInfo, Temperatures,
};
use super::head_map::{Frame, HeadMap};
use super::library::Library;
use crate::backend::npu::{NpuError, NpuPlan, NpuReport};

/// What was opened. The fields fall in this order: the reverse of how they were made.
pub(super) struct Session {
    outputs: Owned,
    input: Owned,
    _hef: Owned,
    /// The HEF may be read from here as long as it is open.
    _model: Vec<u8>,
    device: Owned,
    library: Library,
    maps: Vec<HeadMap>,
}

/// Objects of the library and what releases them.
struct Owned {
    handles: Vec<Handle>,
    release: Release,
}

enum Release {
    One(unsafe extern "C" fn(Handle) -> Status),
    Streams(unsafe extern "C" fn(*const Handle, usize) -> Status),
}

/// `HAILO_MAX_STREAMS_COUNT` of the vendor's header, for streams, and its limit of groups.
const MAX_STREAMS: usize = 40;
const MAX_GROUPS: usize = 8;

impl Session {
    /// Opens the first device there is with the plan's model; a frame times out after `timeout_ms`. (A
    /// Hailo-8L needs 11 ms.)
    pub(super) fn open(
        library: Library,
        plan: &NpuPlan<'_>,
        timeout_ms: u32,
    ) -> Result<Self, NpuError> {
        let functions = &library.functions;
        let mut device = Handle::NONE;
        // SAFETY: no parameters means the defaults: one device, round robin, so that streams work
        // without activating the network first.
        library.check("hailo_create_vdevice", unsafe {
            (functions.hailo_create_vdevice)(std::ptr::null(), &raw mut device)
        })?;
        let device = Owned::one(device, functions.hailo_release_vdevice);
        let model = plan.model.to_vec();
        let mut hef = Handle::NONE;
        // SAFETY: the model's memory outlives the HEF (see the order of the fields).
        library.check("hailo_create_hef_buffer", unsafe {
            (functions.hailo_create_hef_buffer)(&raw mut hef, model.as_ptr().cast(), model.len())
        })?;
        let hef = Owned::one(hef, functions.hailo_release_hef);
        let infos = library.stream_infos(hef.first())?;
        check_input(&infos, plan.size)?;
        let group = library.configure(device.first(), hef.first())?;
        let input = library.open_input(group, plan.size, timeout_ms)?;
        let (outputs, maps) = library.open_outputs(group, &infos, timeout_ms)?;
        Ok(Self { outputs, input, _hef: hef, _model: model, device, library, maps })
    }

    /// The output streams' maps, in the order of [`Session::streams`].
    pub(super) fn maps(&self) -> &[HeadMap] {
        &self.maps
    }

    pub(super) fn library(&self) -> &Library {
        &self.library
    }

    /// The output streams. They close when this falls.
    pub(super) fn streams(&self) -> Vec<Handle> {
        self.outputs.handles.clone()
    }

    /// Memory for one frame of each output.
    pub(super) fn frames(&self) -> Vec<Frame> {
        self.maps.iter().map(HeadMap::frame).collect()
    }

    /// Hands one picture to the chip; returns when the library has copied it.
    pub(super) fn write(&self, pixels: &[u8]) -> Result<(), NpuError> {
        let write = self.library.functions.hailo_vstream_write_raw_buffer;
        // SAFETY: the stream is open, and its frame size was compared with the plan's.
        let status = unsafe { write(self.input.first(), pixels.as_ptr().cast(), pixels.len()) };
        self.library.check("hailo_vstream_write_raw_buffer", status)
    }

    /// The chip's temperature in degrees Celsius: the higher of its two sensors.
    pub(super) fn temperature(&self) -> Result<f32, NpuError> {
        let mut temperatures = Temperatures::default();
        let get = self.library.functions.hailo_get_chip_temperature;
        // SAFETY: the device belongs to the open virtual device.
        let status = unsafe { get(self.physical_device()?, &raw mut temperatures) };
        self.library.check("hailo_get_chip_temperature", status)?;
        let [one, other] = temperatures.sensors;
        Ok(one.max(other))
    }

    /// What it runs on; empty words where the chip does not say.
    pub(super) fn report(&self) -> NpuReport {
        let mut identity = Identity::zeroed();
        let identify = self.library.functions.hailo_identify;
        let status = self.physical_device().map(|device| {
            // SAFETY: the device belongs to the open virtual device.
            unsafe { identify(device, &raw mut identity) }
        });
        let library = self.library.version.clone();
        if status != Ok(abi::SUCCESS) {
            return NpuReport { library, ..NpuReport::default() };
        }
        let abi::Version { major, minor, revision } = identity.firmware;
        let chip = usize::try_from(identity.architecture).ok();
        let chip = chip.and_then(|at| abi::ARCHITECTURES.get(at)).copied().unwrap_or("unknown");
        NpuReport {
            library,
            driver: format!("firmware {major}.{minor}.{revision}"),
            chip: format!("{chip} {}", abi::text(&identity.board_name)).trim().to_owned(),
        }
    }

    fn physical_device(&self) -> Result<Handle, NpuError> {
        const CALL: &str = "hailo_get_physical_devices";
        let mut devices = [Handle::NONE; MAX_GROUPS];
        let mut count = devices.len();
        let get = self.library.functions.hailo_get_physical_devices;
        // SAFETY: `count` says how many there is room for.
        let status = unsafe { get(self.device.first(), devices.as_mut_ptr(), &raw mut count) };
        self.library.check(CALL, status)?;
        counted("devices", count, 1..=devices.len())?;
        Ok(devices[0])
    }
}

impl Library {
    fn stream_infos(&self, hef: Handle) -> Result<Vec<StreamInfo>, NpuError> {
        let mut infos = vec![StreamInfo::zeroed(); 2 * MAX_STREAMS];
        let mut count = infos.len();
        let get = self.functions.hailo_hef_get_all_vstream_infos;
        // SAFETY: no name means the first group; `count` says how many there is room for.
        let status = unsafe { get(hef, std::ptr::null(), infos.as_mut_ptr(), &raw mut count) };
        self.check("hailo_hef_get_all_vstream_infos", status)?;
        counted("streams", count, 2..=infos.len())?;
        infos.truncate(count);
        Ok(infos)
    }

    fn configure(&self, device: Handle, hef: Handle) -> Result<Handle, NpuError> {
        let mut params = ConfigureParams::boxed();
        let init = self.functions.hailo_init_configure_params_by_vdevice;
        // SAFETY: both objects are open, the parameters are of the asserted size.
        self.check("hailo_init_configure_params_by_vdevice", unsafe {
            init(hef, device, &raw mut *params)
        })?;
        let mut groups = [Handle::NONE; MAX_GROUPS];
        let mut count = groups.len();
        let configure = self.functions.hailo_configure_vdevice;
        // SAFETY: as above; `count` says how many there is room for.
        self.check("hailo_configure_vdevice", unsafe {
            configure(device, hef, &raw mut *params, groups.as_mut_ptr(), &raw mut count)
        })?;
        counted("networks", count, 1..=1)?;
        Ok(groups[0])
    }

    fn open_input(
        &self,
        group: Handle,
        size: (usize, usize),
        timeout_ms: u32,
    ) -> Result<Owned, NpuError> {
        let make = self.functions.hailo_make_input_vstream_params;
        let mut params = vec![NamedStreamParams::zeroed(); MAX_STREAMS];
        let mut count = params.len();
        // SAFETY: `count` says how many there is room for.
        self.check("hailo_make_input_vstream_params", unsafe {
            make(group, false, abi::TYPE_UINT8, params.as_mut_ptr(), &raw mut count)
        })?;
        counted("inputs", count, 1..=1)?;
        params[0].params.timeout_ms = timeout_ms;
        let mut stream = Handle::NONE;
        // SAFETY: one set of parameters, room for one stream.
        self.check("hailo_create_input_vstreams", unsafe {
            (self.functions.hailo_create_input_vstreams)(group, params.as_ptr(), 1, &raw mut stream)
        })?;
        let release = Release::Streams(self.functions.hailo_release_input_vstreams);
        let input = Owned { handles: vec![stream], release };
        let mut bytes = 0;
        // SAFETY: the stream is open.
        self.check("hailo_get_input_vstream_frame_size", unsafe {
            (self.functions.hailo_get_input_vstream_frame_size)(stream, &raw mut bytes)
        })?;
        same_size("the input's frame", bytes, 3 * size.0 * size.1)?;
        Ok(input)
    }

    fn open_outputs(
        &self,
        group: Handle,
        infos: &[StreamInfo],
        timeout_ms: u32,
    ) -> Result<(Owned, Vec<HeadMap>), NpuError> {
        let mut params = self.output_params(group)?;
        let mut maps = Vec::with_capacity(params.len());
        for stream in &mut params {
            let map = described(infos, stream)?;
            stream.params.format.kind = map.kind();
            stream.params.timeout_ms = timeout_ms;
            maps.push(map);
        }
        let mut handles = vec![Handle::NONE; params.len()];
        let create = self.functions.hailo_create_output_vstreams;
        // SAFETY: as many streams as parameters.
        self.check("hailo_create_output_vstreams", unsafe {
            create(group, params.as_ptr(), params.len(), handles.as_mut_ptr())
        })?;
        let release = Release::Streams(self.functions.hailo_release_output_vstreams);
        let outputs = Owned { handles, release };
        for (&stream, map) in outputs.handles.iter().zip(&maps) {
            let mut bytes = 0;
            // SAFETY: the stream is open.
            self.check("hailo_get_output_vstream_frame_size", unsafe {
                (self.functions.hailo_get_output_vstream_frame_size)(stream, &raw mut bytes)
            })?;
            same_size("an output's frame", bytes, map.frame().memory().1)?;
        }
        Ok((outputs, maps))
    }

    fn output_params(&self, group: Handle) -> Result<Vec<NamedStreamParams>, NpuError> {
        let make = self.functions.hailo_make_output_vstream_params;
        let mut params = vec![NamedStreamParams::zeroed(); MAX_STREAMS];
        let mut count = params.len();
        // SAFETY: `count` says how many there is room for.
        self.check("hailo_make_output_vstream_params", unsafe {
            make(group, false, abi::TYPE_UINT8, params.as_mut_ptr(), &raw mut count)
        })?;
        counted("outputs", count, 1..=params.len())?;
        params.truncate(count);
        Ok(params)
    }
}

impl Owned {
    fn one(handle: Handle, release: unsafe extern "C" fn(Handle) -> Status) -> Self {
        Self { handles: vec![handle], release: Release::One(release) }
    }

    fn first(&self) -> Handle {
        self.handles.first().copied().unwrap_or(Handle::NONE)
    }
}

impl Drop for Owned {
    fn drop(&mut self) {
        // What cannot be released stays until the process ends, which is soon.
        let _: Status = match self.release {
            // SAFETY: made by the library, released once, after all that was made of it.
            Release::One(release) => unsafe { release(self.first()) },
            // SAFETY: as above.
            Release::Streams(release) => unsafe {
                release(self.handles.as_ptr(), self.handles.len())
            },
        };
    }
}

/// What the HEF says of the stream that `params` are for.
fn described(infos: &[StreamInfo], params: &NamedStreamParams) -> Result<HeadMap, NpuError> {
    let name = abi::text(&params.name);
    let named =
        |info: &&StreamInfo| info.direction != abi::HOST_TO_DEVICE && abi::text(&info.name) == name;
    let Some(info) = infos.iter().find(named) else {
        return Err(unlike("the HEF's list of streams", "without ".to_owned() + &name, name));
    };
    HeadMap::new(info)
}

/// That the HEF takes pictures of `size` as interleaved bytes.
fn check_input(infos: &[StreamInfo], (width, height): (usize, usize)) -> Result<(), NpuError> {
    for info in infos.iter().filter(|info| info.direction == abi::HOST_TO_DEVICE) {
        let [rows, columns, channels, _] = info.shape;
        let order = info.format.order;
        let interleaved = [abi::ORDER_NHWC, abi::ORDER_FCR, abi::ORDER_F8CR].contains(&order);
        if !interleaved || [rows, columns, channels] != [height as u32, width as u32, 3] {
            return Err(unlike(
                "the HEF's input",
                format!("{columns}x{rows}x{channels} in order {order}"),
                format!("{width}x{height}x3 in order 1"),
            ));
        }
    }
    Ok(())
}

fn counted(
    what: &'static str,
    count: usize,
    expected: std::ops::RangeInclusive<usize>,
) -> Result<(), NpuError> {
    if expected.contains(&count) {
        return Ok(());
    }
    let expected = format!("{} to {}", expected.start(), expected.end());
    Err(unlike("the HEF's network", format!("one with {count} {what}"), expected))
}

fn same_size(what: &'static str, got: usize, expected: usize) -> Result<(), NpuError> {
    if got == expected {
        return Ok(());
    }
    Err(unlike(what, format!("{got} bytes"), format!("{expected}")))
}

fn unlike(what: &'static str, got: String, expected: String) -> NpuError {
    let remedy = "install the HEF that was compiled for this model and picture size";
    NpuError::Unfit { what, got, expected, remedy }
}
