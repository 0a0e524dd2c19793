//! An output's bytes become the network's values: `(q - zp) * scale`, channel by channel.
//!
//! Promises: one pass, nothing allocated; where values of a channel lie side by side the loop is
//! one the compiler vectorizes. Refuses: bytes that an [`OutputForm`] did not allow.

use super::tensor::{Element, OutputForm};

/// Writes the values of `form` that `bytes` hold into `values`, columns running fastest.
///
/// # Panics
/// When `bytes` are fewer than the form's, or `values` not as many as its dimensions say.
pub(super) fn dequantize(form: &OutputForm, bytes: &[u8], values: &mut [f32]) {
    assert_eq!(values.len(), form.channels * form.rows * form.columns, "values of an output");
    match form.element {
        Element::I8 { zero, scale } => {
            spread(form, bytes, values, |[q]: [u8; 1]| (f32::from(q as i8) - zero) * scale);
        }
        Element::U8 { zero, scale } => {
            spread(form, bytes, values, |[q]: [u8; 1]| (f32::from(q) - zero) * scale);
        }
        Element::F16 => spread(form, bytes, values, |half| from_half(u16::from_le_bytes(half))),
        Element::F32 => spread(form, bytes, values, f32::from_le_bytes),
    }
}

fn spread<const N: usize>(
    form: &OutputForm,
    bytes: &[u8],
    values: &mut [f32],
    value: impl Fn([u8; N]) -> f32,
) {
    let (elements, _) = bytes.as_chunks::<N>();
    let layout = form.layout;
    let blocks = values.chunks_mut(layout.lanes * form.rows * form.columns);
    for (block, channels) in blocks.enumerate() {
        for y in 0..form.rows {
            let row = &elements[block * layout.block + y * layout.row..];
            // Lane by lane within a row: the row stays in the cache.
            for (lane, channel) in channels.chunks_exact_mut(form.rows * form.columns).enumerate() {
                let line = &mut channel[y * form.columns..][..form.columns];
                if layout.column == 1 {
                    let row = &row[lane..][..form.columns];
                    line.iter_mut().zip(row).for_each(|(to, &from)| *to = value(from));
                } else {
                    let row = row[lane..].iter().step_by(layout.column);
                    line.iter_mut().zip(row).for_each(|(to, &from)| *to = value(from));
                }
            }
        }
    }
}

/// An IEEE 754 half as f32, exactly and without a branch, so that the loops stay vectors.
fn from_half(bits: u16) -> f32 {
    const TWO_TO_112: f32 = f32::from_bits((127 + 112) << 23);
    const INFINITE: u32 = 0x7c00 << 13;
    let magnitude = u32::from(bits & 0x7fff) << 13;
    // The exponents' biases differ by 112; as a product it is right for subnormal halves too.
    let finite = (f32::from_bits(magnitude) * TWO_TO_112).to_bits();
    let magnitude = if magnitude < INFINITE { finite } else { magnitude | 0x7f80_0000 };
    f32::from_bits(magnitude | u32::from(bits & 0x8000) << 16)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backend::rknn::tensor::Layout;

    /// Two channels more than a block, three rows of five columns.
    const CHANNELS: usize = 6;
    const ROWS: usize = 3;
    const COLUMNS: usize = 5;

    /// A different value for each place.
    fn quantized(channel: usize, y: usize, x: usize) -> u8 {
        (channel * 31 + y * 7 + x) as u8
    }

    fn form(element: Element, layout: Layout) -> OutputForm {
        let (channels, rows, columns) = (CHANNELS, ROWS, COLUMNS);
        OutputForm { channels, rows, columns, element, layout, bytes: 4096 }
    }

    #[test]
    fn every_layout_gives_the_same_channels() {
        let affine = Element::I8 { zero: -3.0, scale: 0.5 };
        let tight = COLUMNS;
        let padded = COLUMNS + 3;
        for layout in [
            Layout { lanes: 1, block: ROWS * tight, row: tight, column: 1 },
            Layout { lanes: 1, block: ROWS * padded, row: padded, column: 1 },
            Layout { lanes: CHANNELS, block: 0, row: tight * CHANNELS, column: CHANNELS },
            Layout { lanes: CHANNELS, block: 0, row: padded * CHANNELS, column: CHANNELS },
            Layout { lanes: 4, block: ROWS * tight * 4, row: tight * 4, column: 4 },
            Layout { lanes: 16, block: ROWS * padded * 16, row: padded * 16, column: 16 },
        ] {
            let mut bytes = [0x55; 4096];
            for (at, value) in places(layout) {
                bytes[at] = value;
            }
            let mut values = [0.0; CHANNELS * ROWS * COLUMNS];
            dequantize(&form(affine, layout), &bytes, &mut values);
            let expected = all().map(|(c, y, x)| (f32::from(quantized(c, y, x) as i8) + 3.0) * 0.5);
            assert_eq!(values.to_vec(), expected.collect::<Vec<_>>(), "{layout:?}");
        }
    }

    #[test]
    fn every_element_is_read_as_what_it_is() {
        let layout = Layout { lanes: 1, block: ROWS * COLUMNS, row: COLUMNS, column: 1 };
        for (element, bytes, expected) in [
            (Element::I8 { zero: 0.0, scale: 1.0 }, vec![0xff], -1.0),
            (Element::U8 { zero: 1.0, scale: 2.0 }, vec![0xff], 508.0),
            (Element::F16, 0x3c00_u16.to_le_bytes().to_vec(), 1.0),
            (Element::F32, 0.1_f32.to_le_bytes().to_vec(), 0.1),
        ] {
            let mut values = [0.0; CHANNELS * ROWS * COLUMNS];
            let bytes = bytes.repeat(values.len());
            dequantize(&form(element, layout), &bytes, &mut values);
            assert_eq!(values, [expected; CHANNELS * ROWS * COLUMNS], "{element:?}");
        }
    }

    #[test]
    fn halves_are_exact() {
        for (bits, value) in [
            (0x0000, 0.0),
            (0x8000, -0.0),
            (0x0001, 5.960_464_5e-8),
            (0x83ff, -6.097_555e-5),
            (0x0400, 6.103_515_6e-5),
            (0xc248, -3.140_625),
            (0x7bff, 65504.0),
            (0xfc00, f32::NEG_INFINITY),
        ] {
            assert_eq!(from_half(bits).to_bits(), f32::to_bits(value), "{bits:#x}");
        }
        assert!(from_half(0x7e00).is_nan());
    }

    fn all() -> impl Iterator<Item = (usize, usize, usize)> {
        (0..CHANNELS * ROWS * COLUMNS)
            .map(|at| (at / (ROWS * COLUMNS), at / COLUMNS % ROWS, at % COLUMNS))
    }

    fn places(layout: Layout) -> impl Iterator<Item = (usize, u8)> {
        all().map(move |(c, y, x)| {
            let at = c / layout.lanes * layout.block
                + c % layout.lanes
                + y * layout.row
                + x * layout.column;
            (at, quantized(c, y, x))
        })
    }
}
