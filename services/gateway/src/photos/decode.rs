//! Photos as pictures: how bright each pixel is, whatever they are kept as.
use std::io::Cursor;

use image_webp::WebPDecoder;
use png::{Limits, Transformations};
use zune_jpeg::{
    JpegDecoder,
    zune_core::{bytestream::ZCursor, colorspace::ColorSpace, options::DecoderOptions},
};

use super::content_type;

/// Larger pictures are not looked at.
const MOST_PIXELS: usize = 60_000_000;
/// Nor those that take more memory in colour: only JPEG is decoded without.
const MOST_BYTES: usize = 120_000_000;

/// The brightness of each pixel, line by line.
pub struct Picture {
    pub width: usize,
    pub height: usize,
    pub pixels: Vec<u8>,
}

/// The picture of a photo, of a moving one the first frame; none where it is broken or too large.
pub fn decode(bytes: &[u8]) -> Option<Picture> {
    match content_type(bytes)? {
        "image/jpeg" => jpeg(bytes),
        "image/png" => png(bytes),
        _ => webp(bytes),
    }
}

fn jpeg(bytes: &[u8]) -> Option<Picture> {
    let options = DecoderOptions::default().jpeg_set_out_colorspace(ColorSpace::Luma);
    let mut decoder = JpegDecoder::new_with_options(ZCursor::new(bytes), options);
    decoder.decode_headers().ok()?;
    let (width, height) = decoder.dimensions()?;
    is_small_enough(width, height, 1)?;
    Some(Picture { width, height, pixels: decoder.decode().ok()? })
}

fn png(bytes: &[u8]) -> Option<Picture> {
    let mut decoder = png::Decoder::new_with_limits(Cursor::new(bytes), Limits { bytes: MOST_BYTES });
    decoder.set_transformations(Transformations::normalize_to_color8());
    let mut reader = decoder.read_info().ok()?;
    let samples = reader.output_color_type().0.samples();
    let (width, height) = (usize::try_from(reader.info().width).ok()?, usize::try_from(reader.info().height).ok()?);
    let mut coloured = vec![0; is_small_enough(width, height, samples)?];
    let frame = reader.next_frame(&mut coloured).ok()?;
    // the first frame of a moving picture may be smaller than the picture
    let (width, height) = (usize::try_from(frame.width).ok()?, usize::try_from(frame.height).ok()?);
    Some(Picture { width, height, pixels: brightness(&coloured, samples) })
}

fn webp(bytes: &[u8]) -> Option<Picture> {
    let mut decoder = WebPDecoder::new(Cursor::new(bytes)).ok()?;
    let samples = if decoder.has_alpha() { 4 } else { 3 };
    let (width, height) = decoder.dimensions();
    let (width, height) = (usize::try_from(width).ok()?, usize::try_from(height).ok()?);
    let small_enough = is_small_enough(width, height, samples)?;
    if !lossy_frames(bytes).all(|(across, down)| across <= width && down <= height) {
        return None;
    }
    let mut coloured = vec![0; small_enough];
    decoder.read_image(&mut coloured).ok()?;
    Some(Picture { width, height, pixels: brightness(&coloured, samples) })
}

/// The size that each lossy frame of a WebP says it has: the decoder makes room for that before it compares it with the picture's.
fn lossy_frames(webp: &[u8]) -> impl Iterator<Item = (usize, usize)> {
    let chunks = || chunks(webp.get(12..).unwrap_or_default());
    let moving = chunks().filter(|(name, _)| name == b"ANMF");
    let within = moving.flat_map(|(_, frame)| self::chunks(frame.get(16..).unwrap_or_default()));
    let side = |low: u8, high: u8| usize::from(u16::from_le_bytes([low, high]) & 0x3fff);
    chunks().chain(within).filter(|(name, _)| name == b"VP8 ").filter_map(move |(_, frame)| match frame {
        [_, _, _, 0x9d, 0x01, 0x2a, w, wide, h, high, ..] => Some((side(*w, *wide), side(*h, *high))),
        _ => None,
    })
}

/// The chunks of a RIFF file, the last one as far as it is there.
fn chunks(mut riff: &[u8]) -> impl Iterator<Item = ([u8; 4], &[u8])> {
    std::iter::from_fn(move || {
        let (name, rest) = riff.split_first_chunk::<4>()?;
        let (length, rest) = rest.split_first_chunk::<4>()?;
        let length = usize::try_from(u32::from_le_bytes(*length)).ok()?;
        let data = rest.get(..length).unwrap_or(rest);
        riff = rest.get(length.saturating_add(length % 2)..).unwrap_or_default();
        Some((*name, data))
    })
}

/// The bytes of a picture that may be decoded.
fn is_small_enough(width: usize, height: usize, samples: usize) -> Option<usize> {
    let pixels = width.checked_mul(height).filter(|pixels| *pixels <= MOST_PIXELS)?;
    pixels.checked_mul(samples).filter(|bytes| *bytes <= MOST_BYTES)
}

/// As JPEG has it, so that a picture is the same in every form.
fn brightness(coloured: &[u8], samples: usize) -> Vec<u8> {
    let one = |pixel: &[u8]| match pixel {
        [red, green, blue, ..] => {
            let sum = 299 * u32::from(*red) + 587 * u32::from(*green) + 114 * u32::from(*blue);
            u8::try_from(sum / 1000).unwrap_or(u8::MAX)
        }
        [grey, ..] => *grey,
        [] => 0,
    };
    coloured.chunks_exact(samples).map(one).collect()
}

#[cfg(test)]
mod tests;
