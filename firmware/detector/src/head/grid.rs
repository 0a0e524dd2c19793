//! The anchors of one stride and where their numbers lie in the outputs.
//!
//! Exporters write the same numbers as `[1, channels, rows, columns]`, as `[1, channels, anchors]`
//! or as `[1, anchors, channels]`; which one is read off the dimensions.

use crate::manifest::{Head, HeadKind};

/// The anchors of one stride.
#[derive(Clone, Debug)]
pub(super) struct Grid {
    columns: usize,
    anchors: usize,
    stride: f32,
    offset: f32,
    pub(super) scores: Channels,
    pub(super) distances: Channels,
}

/// A block of channels in one output: one value for each channel and anchor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Channels {
    /// Which output.
    pub(super) output: usize,
    /// The block's first channel.
    first: usize,
    /// Values from one channel to the next.
    channel_step: usize,
    /// Values from one anchor to the next.
    anchor_step: usize,
}

/// An output whose dimensions do not match the manifest.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("output {name:?} has dimensions {got:?}, expected [1, {channels}, {rows}, {columns}], \
         [1, {channels}, {anchors}] or [1, {anchors}, {channels}]", anchors = rows * columns)]
pub struct ShapeError {
    /// The tensor.
    pub name: String,
    /// Its dimensions.
    pub got: Vec<usize>,
    /// Channels the manifest asks for.
    pub channels: usize,
    /// Rows of anchors for this input.
    pub rows: usize,
    /// Columns of anchors for this input.
    pub columns: usize,
}

impl Grid {
    /// The grid of `head.strides[level]` for an input of `network` (width, height) pixels.
    pub(super) fn new(
        head: &Head,
        level: usize,
        network: (usize, usize),
        shapes: &[Vec<usize>],
    ) -> Result<Self, ShapeError> {
        let stride = head.strides[level];
        let (columns, rows) = (network.0.div_ceil(stride), network.1.div_ceil(stride));
        let block = |output: usize, channels: usize| {
            let got = shapes.get(output).cloned().unwrap_or_default();
            let name = head.outputs[output].clone();
            Channels::of(output, &got, channels, (rows, columns)).ok_or(ShapeError {
                name,
                got,
                channels,
                rows,
                columns,
            })
        };
        let distances = 4 * head.bins;
        let (scores, distances) = match head.kind {
            HeadKind::NanodetPlus => {
                let both = block(level, head.classes + distances)?;
                (both, both.starting_at(head.classes))
            }
            HeadKind::Nanodet => {
                (block(level, head.classes)?, block(head.strides.len() + level, distances)?)
            }
        };
        let (stride, offset) = (stride as f32, head.anchor_offset);
        Ok(Self { columns, anchors: rows * columns, stride, offset, scores, distances })
    }

    /// How many anchors it has.
    pub(super) const fn anchors(&self) -> usize {
        self.anchors
    }

    /// Pixels from one anchor to the next.
    pub(super) const fn stride(&self) -> f32 {
        self.stride
    }

    /// Where `anchor` stands, in the input's pixels.
    pub(super) fn center(&self, anchor: usize) -> (f32, f32) {
        let at = |cell: usize| (cell as f32 + self.offset) * self.stride;
        (at(anchor % self.columns), at(anchor / self.columns))
    }
}

impl Channels {
    fn of(
        output: usize,
        shape: &[usize],
        channels: usize,
        (rows, columns): (usize, usize),
    ) -> Option<Self> {
        let anchors = rows * columns;
        let (channel_step, anchor_step) = match *shape {
            [1, c, h, w] if (c, h, w) == (channels, rows, columns) => (anchors, 1),
            [1, c, n] if (c, n) == (channels, anchors) => (anchors, 1),
            [1, n, c] if (c, n) == (channels, anchors) => (1, channels),
            _ => return None,
        };
        Some(Self { output, first: 0, channel_step, anchor_step })
    }

    /// The channels from `first` on.
    const fn starting_at(self, first: usize) -> Self {
        Self { first, ..self }
    }

    /// The value of `channel` at `anchor` in the output's `values`.
    pub(super) fn value(&self, values: &[f32], channel: usize, anchor: usize) -> f32 {
        let at = (self.first + channel) * self.channel_step + anchor * self.anchor_step;
        values[at]
    }

    /// The values of `channel`, one for each anchor.
    pub(super) fn channel<'v>(
        &self,
        values: &'v [f32],
        channel: usize,
    ) -> impl Iterator<Item = &'v f32> + use<'v> {
        values[(self.first + channel) * self.channel_step..].iter().step_by(self.anchor_step)
    }
}
