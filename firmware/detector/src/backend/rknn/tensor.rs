//! How a tensor's bytes lie, worked out of what the library tells.
//!
//! Promises: every place a value can be at lies inside the bytes the library has for the tensor,
//! or the tensor is refused. Refuses: layouts whose meaning the vendor does not document (native
//! dimensions that are not the logical ones), and touching memory.

use super::abi::{self, TensorAttr, element, format, quantization};
use crate::backend::npu::{NpuError, PixelForm};

/// What to do about a model whose tensors are not what this program takes.
pub(super) const CONVERT: &str = "convert the model again with this release's scripts/prepare-npu";
/// What to do about tensors the runtime lays out in a way unknown here.
const COPY: &str = "set detector.npu_transfer to \"copied\", and tell the makers of this program";

/// Where the values of one output are.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct OutputForm {
    /// Channels, rows and columns.
    pub(super) channels: usize,
    pub(super) rows: usize,
    pub(super) columns: usize,
    pub(super) element: Element,
    pub(super) layout: Layout,
    /// Bytes the library has for it.
    pub(super) bytes: usize,
}

/// What a value is stored as.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Element {
    I8 { zero: f32, scale: f32 },
    U8 { zero: f32, scale: f32 },
    F16,
    F32,
}

/// Where values lie, counted in values: channel `c` of row `y` and column `x` is at
/// `c / lanes * block + c % lanes + y * row + x * column`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Layout {
    pub(super) lanes: usize,
    pub(super) block: usize,
    pub(super) row: usize,
    pub(super) column: usize,
}

impl Element {
    /// Bytes of one value.
    pub(super) const fn bytes(self) -> usize {
        match self {
            Self::I8 { .. } | Self::U8 { .. } => 1,
            Self::F16 => 2,
            Self::F32 => 4,
        }
    }

    fn of(attr: &TensorAttr) -> Result<Self, NpuError> {
        let (zero, scale) = (attr.zp as f32, attr.scale);
        let affine = attr.qnt_type == quantization::AFFINE_ASYMMETRIC;
        let usable = affine && scale.is_finite() && scale > 0.0;
        match attr.element {
            element::I8 if usable => Ok(Self::I8 { zero, scale }),
            element::U8 if usable => Ok(Self::U8 { zero, scale }),
            element::F16 => Ok(Self::F16),
            element::F32 => Ok(Self::F32),
            _ => Err(odd(
                "type of an output",
                format!(
                    "{} (quantization {}, scale {scale}) for {:?}",
                    attr.element,
                    attr.qnt_type,
                    abi::text(&attr.name)
                ),
                "int8 with a zero point and a scale, or a float",
                CONVERT,
            )),
        }
    }
}

/// The input as the copying functions take it: rows one after the other.
pub(super) fn copied_input(attr: &TensorAttr, size: (usize, usize)) -> Result<PixelForm, NpuError> {
    let (width, height) = picture_size(attr)?;
    if (width, height) != size {
        return Err(NpuError::Unfit {
            what: "input size",
            got: format!("{width}x{height}"),
            expected: format!("{}x{}", size.0, size.1),
            remedy: CONVERT,
        });
    }
    Ok(PixelForm { width, height, row_bytes: 3 * width })
}

/// The input as the NPU reads it, and the bytes of its memory. `attr` is made to say that
/// what comes is bytes yet to be normalized.
pub(super) fn lent_input(
    attr: &mut TensorAttr,
    size: (usize, usize),
) -> Result<(PixelForm, usize), NpuError> {
    let PixelForm { width, height, .. } = copied_input(attr, size)?;
    let stride = if attr.w_stride == 0 { width } else { attr.w_stride as usize };
    let rows = if attr.h_stride == 0 { height } else { attr.h_stride as usize };
    let bytes = attr.size_with_stride.max(attr.size) as usize;
    let bytewise = [element::I8, element::U8].contains(&attr.element);
    let fits = stride.checked_mul(3).and_then(|row| row.checked_mul(rows));
    let fits = fits.is_some_and(|needed| needed <= bytes);
    if attr.fmt != format::NHWC || !bytewise || stride < width || rows < height || !fits {
        return Err(odd(
            "layout of the input",
            format!(
                "format {}, type {}, stride {stride}x{rows} in {bytes} bytes",
                attr.fmt, attr.element
            ),
            "rows of interleaved bytes",
            COPY,
        ));
    }
    (attr.element, attr.fmt, attr.pass_through) = (element::U8, format::NHWC, 0);
    Ok((PixelForm { width, height, row_bytes: 3 * stride }, bytes))
}

/// The output as the copying functions give it: the logical dimensions without padding.
pub(super) fn copied_output(attr: &TensorAttr) -> Result<OutputForm, NpuError> {
    let (channels, rows, columns) = logical(attr)?;
    let element = Element::of(attr)?;
    let layout = if attr.fmt == format::NHWC {
        Layout::interleaved(channels, columns)
    } else {
        Layout::planar(rows, columns)
    };
    let bytes = attr.size as usize;
    fitting(OutputForm { channels, rows, columns, element, layout, bytes })
}

/// The output as the NPU writes it (`native`), meaning what `attr` means.
pub(super) fn lent_output(attr: &TensorAttr, native: &TensorAttr) -> Result<OutputForm, NpuError> {
    let (channels, rows, columns) = logical(attr)?;
    let element = Element::of(native)?;
    let stride = if native.w_stride == 0 { columns } else { native.w_stride as usize };
    let layout = match (native.fmt, sizes(native).as_deref()) {
        (format::NCHW, Some(&[1, c, h, w])) if (c, h, w) == (channels, rows, columns) => {
            Some(Layout::planar(rows, stride))
        }
        (format::NHWC, Some(&[1, h, w, c])) if (c, h, w) == (channels, rows, columns) => {
            Some(Layout::interleaved(channels, stride))
        }
        (format::NC1HWC2, Some(&[1, blocks, h, w, lanes]))
            if (h, w) == (rows, columns) && lanes > 0 && blocks == channels.div_ceil(lanes) =>
        {
            Some(Layout::blocked(rows, stride, lanes))
        }
        _ => None,
    };
    let layout = layout.filter(|_| stride >= columns).ok_or_else(|| {
        odd(
            "layout of an output",
            format!("format {}, {:?}, stride {stride}", native.fmt, sizes(native)),
            &format!("{channels} channels of {rows}x{columns}"),
            COPY,
        )
    })?;
    let bytes = native.size_with_stride.max(native.size) as usize;
    fitting(OutputForm { channels, rows, columns, element, layout, bytes })
}

impl Layout {
    const fn planar(rows: usize, stride: usize) -> Self {
        Self { lanes: 1, block: rows.saturating_mul(stride), row: stride, column: 1 }
    }

    const fn interleaved(channels: usize, stride: usize) -> Self {
        // One block, so the step to the next is never taken.
        let row = stride.saturating_mul(channels);
        Self { lanes: channels, block: 0, row, column: channels }
    }

    const fn blocked(rows: usize, stride: usize, lanes: usize) -> Self {
        let row = stride.saturating_mul(lanes);
        Self { lanes, block: rows.saturating_mul(row), row, column: lanes }
    }
}

/// `form`, when its last value lies inside its bytes.
fn fitting(form: OutputForm) -> Result<OutputForm, NpuError> {
    let Layout { lanes, block, row, column } = form.layout;
    let last = form.channels - 1;
    let steps = [
        (last / lanes, block),
        (last.min(lanes - 1), 1),
        (form.rows - 1, row),
        (form.columns - 1, column),
        (1, 1),
    ];
    let values = steps
        .into_iter()
        .try_fold(0_usize, |sum, (count, step)| sum.checked_add(count.checked_mul(step)?));
    let needed = values.and_then(|values| values.checked_mul(form.element.bytes()));
    if needed.is_some_and(|needed| needed <= form.bytes) {
        return Ok(form);
    }
    Err(odd(
        "bytes of an output",
        form.bytes.to_string(),
        &needed.map_or_else(|| "fewer values".to_owned(), |needed| needed.to_string()),
        CONVERT,
    ))
}

/// Channels, rows and columns of an output as the network has them.
fn logical(attr: &TensorAttr) -> Result<(usize, usize, usize), NpuError> {
    match (attr.fmt, sizes(attr).as_deref()) {
        (format::NCHW, Some(&[1, c, h, w])) | (format::NHWC, Some(&[1, h, w, c]))
            if c * h * w > 0 =>
        {
            Ok((c, h, w))
        }
        (_, sizes) => Err(odd(
            "dimensions of an output",
            format!("{sizes:?} in format {} for {:?}", attr.fmt, abi::text(&attr.name)),
            "1, channels, rows, columns",
            CONVERT,
        )),
    }
}

/// Width and height of an input of three channels.
fn picture_size(attr: &TensorAttr) -> Result<(usize, usize), NpuError> {
    match (attr.fmt, sizes(attr).as_deref()) {
        (format::NHWC, Some(&[1, h, w, 3])) | (format::NCHW, Some(&[1, 3, h, w])) if w * h > 0 => {
            Ok((w, h))
        }
        (_, sizes) => Err(odd(
            "dimensions of the input",
            format!("{sizes:?} in format {}", attr.fmt),
            "one picture of three channels",
            CONVERT,
        )),
    }
}

/// The dimensions that count, when their product is one a tensor can have.
fn sizes(attr: &TensorAttr) -> Option<Vec<usize>> {
    let sizes = attr.dims.get(..attr.n_dims as usize)?;
    let sizes: Vec<usize> = sizes.iter().map(|&size| size as usize).collect();
    let values = sizes.iter().try_fold(1_usize, |product, &size| product.checked_mul(size))?;
    u32::try_from(values).ok().map(|_| sizes)
}

/// An answer that is not what was asked for.
pub(super) fn odd(
    what: &'static str,
    got: String,
    expected: &str,
    remedy: &'static str,
) -> NpuError {
    NpuError::Unfit { what, got, expected: expected.to_owned(), remedy }
}

#[cfg(test)]
mod tests;
