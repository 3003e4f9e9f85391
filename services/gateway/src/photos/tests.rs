use img_parts::{
    ImageEXIF,
    jpeg::{Jpeg, JpegSegment, markers},
    png::{Png, PngChunk},
};

use super::*;

/// One pixel, as a JPEG.
fn jpeg() -> Vec<u8> {
    let hex = "ffd8ffdb004300030202020202030202020303030304060404040404080606050609080a0a090809090a0c0f0c0a0b0e0b09090d110d0e0f\
               101011100a0c12131210130f101010ffc9000b080001000101011100ffcc000600101005ffda0008010100003f00d2cf20ffd9";
    (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect()
}

/// An EXIF block: held sideways, with a GPS directory that names a place.
fn exif() -> Vec<u8> {
    let mut tiff = b"II*\0\x08\0\0\0\x02\0".to_vec();
    tiff.extend_from_slice(b"\x12\x01\x03\0\x01\0\0\0\x06\0\0\0");
    tiff.extend_from_slice(b"\x25\x88\x04\0\x01\0\0\0\x26\0\0\0");
    tiff.extend_from_slice(b"\0\0\0\0GPS 47.35N 130.29E SECRET");
    tiff
}

fn holds(bytes: &[u8], text: &str) -> bool {
    bytes.windows(text.len()).any(|window| window == text.as_bytes())
}

#[test]
fn a_jpeg_keeps_its_picture_and_how_it_was_held_and_nothing_else() {
    let mut told = Jpeg::from_bytes(jpeg().into()).unwrap();
    told.set_exif(Some(exif().into()));
    let told_of = [
        (markers::APP1, "http://ns.adobe.com/xap/1.0/\0SECRET"),
        (markers::APP13, "Photoshop 3.0\0SECRET"),
        (markers::APP2, "MPF\0SECRET"),
        (markers::COM, "SECRET"),
        (markers::APP11, "SECRET"),
    ];
    for (marker, text) in told_of {
        told.segments_mut().insert(0, JpegSegment::new_with_contents(marker, Bytes::from_static(text.as_bytes())));
    }
    told.segments_mut()
        .insert(0, JpegSegment::new_with_contents(markers::APP2, Bytes::from_static(b"ICC_PROFILE\0\x01\x01x")));
    let mut bytes = told.encoder().bytes().to_vec();
    bytes.extend_from_slice(b"SECRET behind the end");
    assert!(holds(&bytes, "SECRET"));
    let photo = clean(bytes.into()).unwrap();
    assert_eq!((photo.content_type, photo.width, photo.height), ("image/jpeg", 1, 1));
    assert!(!holds(&photo.bytes, "SECRET") && !holds(&photo.bytes, "GPS") && holds(&photo.bytes, "ICC_PROFILE"));
    assert!(photo.bytes.ends_with(&[0xd2, 0xcf, 0x20, 0xff, 0xd9]));
    let kept = Jpeg::from_bytes(photo.bytes).unwrap().exif().unwrap();
    assert_eq!(orientation::of_exif(&kept), Some(6));
}

#[test]
fn a_jpeg_held_upright_needs_no_exif() {
    let photo = clean(jpeg().into()).unwrap();
    assert_eq!(photo.bytes, jpeg());
}

#[test]
fn what_stands_between_the_scans_is_looked_at_too() {
    let mut bytes = jpeg();
    let end = bytes.len() - 2;
    bytes.splice(end.., *b"\xff\xfe\0\x08SECRET\xff\xda\0\x08\x01\x01\0\0\x3f\0\x11\x22\xff\xd9");
    let photo = clean(bytes.into()).unwrap();
    assert!(!holds(&photo.bytes, "SECRET") && photo.bytes.ends_with(&[0x11, 0x22, 0xff, 0xd9]));
}

#[test]
fn a_jpeg_header_with_anything_behind_is_no_photo() {
    let whole = jpeg();
    let scan = whole.windows(2).position(|pair| pair == [0xff, 0xda]).unwrap() + 10;
    let garbage: Vec<u8> = (0..5000_u32).map(|number| (number.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
    for head in [2, 4, 20, scan] {
        let bytes = [&whole[..head], &garbage].concat();
        assert!(clean(bytes.into()).is_none(), "{head} bytes of a JPEG");
    }
    for length in 0..whole.len() {
        assert!(clean(whole[..length].to_vec().into()).is_none(), "cut at {length}");
    }
    assert!(clean(Bytes::from_static(b"\xff\xd8\xff\xe0 not really")).is_none());
}

fn png() -> Png {
    let hex = "89504e470d0a1a0a0000000d4948445200000001000000010806000000\
               1f15c4890000000d4944415478da63f8cfc0f01f00050001ff56c72f0d0000000049454e44ae426082";
    let bytes: Vec<u8> =
        (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect();
    // the chunks are made anew, with checksums of their own
    let ihdr = PngChunk::new(*b"IHDR", Bytes::copy_from_slice(&bytes[16..29]));
    let idat = PngChunk::new(*b"IDAT", Bytes::copy_from_slice(&bytes[41..54]));
    let end = PngChunk::new(*b"IEND", Bytes::new());
    let whole: Vec<u8> = [
        bytes[..8].to_vec(),
        ihdr.encoder().bytes().to_vec(),
        idat.encoder().bytes().to_vec(),
        end.encoder().bytes().to_vec(),
    ]
    .concat();
    Png::from_bytes(whole.into()).unwrap()
}

#[test]
fn a_png_loses_its_texts() {
    let mut told = png();
    for kind in [*b"tEXt", *b"iTXt", *b"zTXt", *b"eXIf", *b"tIME", *b"caBX"] {
        told.chunks_mut().insert(1, PngChunk::new(kind, Bytes::from_static(b"SECRET")));
    }
    let mut bytes = told.encoder().bytes().to_vec();
    bytes.extend_from_slice(b"SECRET");
    let photo = clean(bytes.into()).unwrap();
    assert_eq!((photo.content_type, photo.width, photo.height), ("image/png", 1, 1));
    assert_eq!(photo.bytes, png().encoder().bytes());
    let whole = png().encoder().bytes();
    for length in 0..whole.len() {
        assert!(clean(whole.slice(..length)).is_none(), "cut at {length}");
    }
}

fn riff(chunks: &[(&[u8; 4], &[u8])]) -> Bytes {
    let mut inside = b"WEBP".to_vec();
    for (id, data) in chunks {
        inside.extend_from_slice(*id);
        inside.extend_from_slice(&u32::try_from(data.len()).unwrap().to_le_bytes());
        inside.extend_from_slice(data);
        inside.resize(inside.len().next_multiple_of(2), 0);
    }
    let mut bytes = b"RIFF".to_vec();
    bytes.extend_from_slice(&u32::try_from(inside.len()).unwrap().to_le_bytes());
    bytes.extend_from_slice(&inside);
    bytes.into()
}

const VP8: &[u8] = b"\x30\x01\x00\x9d\x01\x2a\x07\x00\x05\x00\x02\x00\x34\x25";
const VP8X: &[u8] = &[0b0010_1100, 0, 0, 0, 6, 0, 0, 4, 0, 0];

#[test]
fn a_webp_loses_exif_and_xmp() {
    let told =
        riff(&[(b"VP8X", VP8X), (b"ICCP", b"profile"), (b"VP8 ", VP8), (b"EXIF", b"SECRET"), (b"XMP ", b"SECRET")]);
    let photo = clean(told).unwrap();
    assert_eq!((photo.content_type, photo.width, photo.height), ("image/webp", 7, 5));
    assert!(!holds(&photo.bytes, "SECRET") && holds(&photo.bytes, "profile"));
    assert_eq!(photo.bytes[20], 0b0010_0000);
    assert_eq!(clean(riff(&[(b"VP8 ", VP8)])).unwrap().bytes, riff(&[(b"VP8 ", VP8)]));
    assert!(clean(riff(&[(b"VP8X", VP8X)])).is_none(), "no picture in it");
    assert!(clean(riff(&[(b"VP8 ", b"no picture at all, only text")])).is_none());
}

#[test]
fn other_things_are_no_photos() {
    for bytes in [
        &b""[..],
        b"hello",
        b"GIF89a",
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        b"RIFF\x04\0\0\0WEBP",
        b"%PDF-1.7",
    ] {
        assert!(clean(Bytes::from_static(bytes)).is_none());
    }
}

#[test]
fn the_setting_alone_decides_between_folder_and_bucket() {
    let folder = std::env::temp_dir().join(format!("album-{}", Uuid::now_v7()));
    let ids = || MediaIds::new(chassis::keys::Keyring::load_or_create(&folder, "media").unwrap());
    for url in [format!("file://{}", folder.display()), "s3://photos/hemei".to_owned()] {
        assert!(Album::open(&url, ids()).is_ok(), "{url}");
    }
    for url in ["photos", "nowhere://photos"] {
        assert!(Album::open(url, ids()).is_err(), "{url}");
    }
    std::fs::remove_dir_all(folder).unwrap();
}
