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
