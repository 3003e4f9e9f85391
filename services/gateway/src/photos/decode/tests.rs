use base64::{Engine, engine::general_purpose::STANDARD};
use image_webp::{ColorType as WebPColour, WebPEncoder};
use png::{BitDepth, ColorType, Encoder};

use super::*;
use crate::photos::{
    fingerprint,
    look::tests::{OTHER, PICTURE},
};

/// The picture of PICTURE at two thirds of its size, as lossy WebP.
const LOSSY: &str = concat!(
    "UklGRswAAABXRUJQVlA4IMAAAAAwCwCdASpAADAAPu1iqE8ppSOiLVmdsTAdiWkACG+h6+CnKnk6DKkBaBc7RKjaOqZj+zPwPbUMy5Za",
    "AiWztsTQWFvmmQbYeWP6N+1xbqLONToLbDioony0g/s39uc1iDzAAAD+5BlWiCcsVHrPDa6Gh/5l8A4lG+2G+SwKB3/FFpneE8cFF0lf",
    "wGe/2EYj/DspidqSvVyKKRPcL58VCzo4Q2OrV1/NwGZsOihlqwZIWImxbES7i2WCkPELYcUAAAA=",
);

fn bytes(text: &str) -> Vec<u8> {
    STANDARD.decode(text).unwrap()
}

fn picture() -> Picture {
    decode(&bytes(PICTURE)).unwrap()
}

fn png_of(colour: ColorType, depth: BitDepth, data: &[u8]) -> Vec<u8> {
    let (mut png, of) = (Vec::new(), picture());
    let mut encoder = Encoder::new(&mut png, of.width.try_into().unwrap(), of.height.try_into().unwrap());
    encoder.set_color(colour);
    encoder.set_depth(depth);
    if colour == ColorType::Indexed {
        encoder.set_palette((0..=255_u8).flat_map(|grey| [grey; 3]).collect::<Vec<_>>());
    }
    let mut writer = encoder.write_header().unwrap();
    writer.write_image_data(data).unwrap();
    writer.finish().unwrap();
    png
}

fn webp_of(colour: WebPColour, data: &[u8]) -> Vec<u8> {
    let (mut webp, of) = (Vec::new(), picture());
    let encoder = WebPEncoder::new(&mut webp);
    encoder.encode(data, of.width.try_into().unwrap(), of.height.try_into().unwrap(), colour).unwrap();
    webp
}

#[test]
fn a_picture_looks_the_same_in_every_form() {
    let grey = picture().pixels;
    let spread = |pixel: fn(u8) -> Vec<u8>| grey.iter().copied().flat_map(pixel).collect::<Vec<u8>>();
    let look = fingerprint(&bytes(PICTURE)).look;
    assert!(look.is_some());
    for (what, photo) in [
        ("grey", png_of(ColorType::Grayscale, BitDepth::Eight, &grey)),
        ("grey, 16 bits", png_of(ColorType::Grayscale, BitDepth::Sixteen, &spread(|grey| vec![grey, 7]))),
        ("grey, alpha", png_of(ColorType::GrayscaleAlpha, BitDepth::Eight, &spread(|grey| vec![grey, 255]))),
        ("palette", png_of(ColorType::Indexed, BitDepth::Eight, &grey)),
        ("colour", png_of(ColorType::Rgb, BitDepth::Eight, &spread(|grey| vec![grey; 3]))),
        ("colour, alpha", png_of(ColorType::Rgba, BitDepth::Eight, &spread(|grey| vec![grey, grey, grey, 255]))),
        ("WebP", webp_of(WebPColour::Rgb8, &spread(|grey| vec![grey; 3]))),
        ("WebP, alpha", webp_of(WebPColour::Rgba8, &spread(|grey| vec![grey, grey, grey, 255]))),
    ] {
        assert_eq!(fingerprint(&photo).look, look, "{what}");
    }
}

#[test]
fn a_lossy_webp_is_known_again_and_not_taken_for_another() {
    let look = |photo: &str| fingerprint(&bytes(photo)).look.unwrap();
    assert!((look(LOSSY) ^ look(PICTURE)).count_ones() <= 8);
    assert!((look(LOSSY) ^ look(OTHER)).count_ones() > 16);
}

#[test]
fn colours_are_as_bright_as_in_jpeg() {
    let [red, green, blue] = [[255, 0, 0], [0, 255, 0], [0, 0, 255]].map(|pixel| brightness(&pixel, 3));
    assert_eq!([red, green, blue], [[76], [149], [29]]);
}

#[test]
fn what_is_cut_or_altered_has_no_look_or_another_and_nothing_breaks() {
    let grey = picture().pixels;
    let colour: Vec<u8> = grey.iter().flat_map(|grey| [*grey; 3]).collect();
    for photo in
        [png_of(ColorType::Grayscale, BitDepth::Eight, &grey), webp_of(WebPColour::Rgb8, &colour), bytes(LOSSY)]
    {
        for at in 0..photo.len() {
            let mut altered = photo.clone();
            altered[at] ^= 0x55;
            fingerprint(&altered);
            if at <= photo.len() / 2 {
                assert_eq!(fingerprint(&photo[..at]).look, None, "cut at {at} of {}", photo.len());
            }
        }
    }
}

#[test]
fn a_picture_is_decoded_up_to_so_many_pixels_and_so_much_memory() {
    let most = |samples| is_small_enough(10_000, 6_000, samples);
    assert_eq!([most(1), most(2), most(3)], [Some(60_000_000), Some(120_000_000), None]);
    assert_eq!(is_small_enough(10_000, 6_001, 1), None);
    assert_eq!(is_small_enough(usize::MAX, 2, 1), None);
}

fn chunk(name: &[u8; 4], data: &[u8]) -> Vec<u8> {
    let length = u32::try_from(data.len()).unwrap().to_le_bytes();
    [&name[..], &length, data, &vec![0; data.len() % 2]].concat()
}

/// A WebP with a canvas of 64 × 48, still or moving.
fn extended(moving: bool, chunks: &[u8]) -> Vec<u8> {
    let flags = if moving { 2 } else { 0 };
    let canvas = chunk(b"VP8X", &[flags, 0, 0, 0, 63, 0, 0, 47, 0, 0]);
    let moves = if moving { chunk(b"ANIM", &[0; 6]) } else { Vec::new() };
    chunk(b"RIFF", &[b"WEBP", &canvas[..], &moves, chunks].concat())
}

#[test]
fn a_frame_larger_than_its_canvas_is_found_before_room_is_made_for_it() {
    let lossy = bytes(LOSSY);
    let frame = &lossy[20..];
    let (_, frame) = frame.split_at(chunks(&lossy[12..]).next().map_or(0, |(_, data)| frame.len() - data.len()));
    let mut huge = frame.to_vec();
    huge[6..10].copy_from_slice(&[0xff, 0x3f, 0xff, 0x3f]);
    // at 0, 0, of 64 × 48
    let in_motion = |frame: &[u8]| {
        let place = [0, 0, 0, 0, 0, 0, 63, 0, 0, 47, 0, 0, 0, 0, 0, 0];
        extended(true, &chunk(b"ANMF", &[&place[..], &chunk(b"VP8 ", frame)].concat()))
    };
    let still = |frame: &[u8]| extended(false, &chunk(b"VP8 ", frame));
    for (webp, size) in [(still(frame), (64, 48)), (in_motion(frame), (64, 48))] {
        assert_eq!(lossy_frames(&webp).collect::<Vec<_>>(), [size]);
        assert!(decode(&webp).is_some(), "a frame of the size of its canvas is a picture");
    }
    let hidden =
        extended(true, &chunk(b"ANMF", &[&[0; 16][..], &chunk(b"ALPH", &[0; 3]), &chunk(b"VP8 ", &huge)].concat()));
    for webp in [still(&huge), in_motion(&huge), hidden] {
        assert_eq!(lossy_frames(&webp).collect::<Vec<_>>(), [(16_383, 16_383)]);
        assert!(decode(&webp).is_none());
    }
    // a chunk that says it is longer than the file hides nothing before it
    let mut cut = still(&huge);
    cut.truncate(60);
    assert_eq!(lossy_frames(&cut).count(), 1);
}
