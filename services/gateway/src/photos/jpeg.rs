//! JPEG: the tables, the frame, the scans, and the colour profile; no EXIF, XMP, IPTC, comments, thumbnails or trailers.
use axum::body::Bytes;
use img_parts::jpeg::{Jpeg, JpegSegment, markers};

use super::{Photo, orientation};

pub fn clean(bytes: Bytes, content_type: &'static str) -> Option<Photo> {
    let mut jpeg = Jpeg::from_bytes(bytes.clone()).ok()?;
    let (width, height) = jpeg.dimensions()?;
    let whole = jpeg.segments().iter().filter(|segment| is_frame(segment.marker())).all(frame_is_sound)
        && jpeg.segment_by_marker(markers::DQT).is_some()
        && jpeg.segments().last().is_some_and(scan_is_sound);
    if !whole {
        return None;
    }
    let turned = jpeg.segments().iter().find_map(|segment| orientation::of_exif(exif(segment)?));
    let scan = jpeg.segments_mut().pop()?;
    // the scan's data is the rest of the file
    let scans = scans(bytes.get(bytes.len().checked_sub(scan.len_with_entropy() - scan.len())?..)?)?;
    let segments = jpeg.segments_mut();
    segments.retain(|segment| is_picture(segment.marker(), segment.contents()));
    if let Some(turned) = turned.filter(|turned| (2..=8).contains(turned)) {
        let at = usize::from(segments.first().is_some_and(|first| first.marker() == markers::APP0));
        segments.insert(at, JpegSegment::new_with_contents(markers::APP1, orientation::exif(turned)));
    }
    segments.push(JpegSegment::new_with_entropy(scan.marker(), scan.contents().clone(), scans));
    let bytes = jpeg.encoder().bytes();
    Some(Photo { bytes, content_type, width: width.into(), height: height.into() })
}

fn exif(segment: &JpegSegment) -> Option<&[u8]> {
    let contents = segment.contents().strip_prefix(b"Exif\0\0")?;
    (segment.marker() == markers::APP1).then_some(contents)
}

fn is_frame(marker: u8) -> bool {
    matches!(marker, 0xc0..=0xcf) && !matches!(marker, markers::DHT | markers::JPG | markers::DAC)
}

/// Precision, height, width, and three bytes for each of 1 to 4 components.
fn frame_is_sound(frame: &JpegSegment) -> bool {
    let contents = frame.contents();
    matches!(contents.first(), Some(8 | 12))
        && contents.get(5).is_some_and(|many| (1..=4).contains(many) && contents.len() == 6 + 3 * usize::from(*many))
}

/// The number of components, two bytes for each, and three more.
fn scan_is_sound(scan: &JpegSegment) -> bool {
    let contents = scan.contents();
    scan.marker() == markers::SOS
        && contents.first().is_some_and(|many| (1..=4).contains(many) && contents.len() == 4 + 2 * usize::from(*many))
}

/// Whether a segment is needed to show the picture.
fn is_picture(marker: u8, contents: &[u8]) -> bool {
    match marker {
        markers::APP0 => contents.starts_with(b"JFIF\0") && contents.len() == 14,
        markers::APP2 => contents.starts_with(b"ICC_PROFILE\0"),
        markers::APP14 => contents.starts_with(b"Adobe"),
        markers::APP1..=markers::APP15 | markers::JPG0..=markers::COM => false,
        _ => true,
    }
}

/// All that follows the first scan's header up to the end marker, without segments that are not the picture; `None` where
/// it breaks off or holds what no scan holds.
fn scans(entropy: &[u8]) -> Option<Bytes> {
    let (mut at, mut kept_to, mut kept) = (0, 0, Vec::with_capacity(entropy.len()));
    loop {
        at += entropy.get(at..)?.iter().position(|byte| *byte == markers::P)?;
        let marker = *entropy.get(at + 1)?;
        match marker {
            markers::Z | markers::RST0..=markers::RST7 => at += 2,
            markers::P => at += 1,
            markers::EOI => {
                kept.extend_from_slice(entropy.get(kept_to..at + 2)?);
                return (at > 0).then(|| kept.into());
            }
            _ if may_follow(marker) => {
                let length = usize::from(u16::from_be_bytes([*entropy.get(at + 2)?, *entropy.get(at + 3)?]));
                let contents = entropy.get(at + 4..at + 2 + length)?;
                if !is_picture(marker, contents) {
                    kept.extend_from_slice(entropy.get(kept_to..at)?);
                    kept_to = at + 2 + length;
                }
                at += 2 + length;
            }
            _ => return None,
        }
    }
}

/// Whether a segment may stand between scans.
fn may_follow(marker: u8) -> bool {
    matches!(marker, markers::DHT | markers::DAC | markers::APP0..=markers::APP15 | markers::COM)
        || matches!(marker, markers::SOS | markers::DQT | markers::DNL | markers::DRI)
}
