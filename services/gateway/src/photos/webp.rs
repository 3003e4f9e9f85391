//! WebP: the picture, its transparency, frames and colour profile; no EXIF, no XMP.
use axum::body::Bytes;
use img_parts::webp::WebP;

use super::Photo;

const PICTURE: [&[u8; 4]; 7] = [b"VP8 ", b"VP8L", b"VP8X", b"ALPH", b"ANIM", b"ANMF", b"ICCP"];
/// Which flags of VP8X speak of EXIF and XMP.
const TOLD: u8 = 0b0000_1100;

pub fn clean(bytes: Bytes, content_type: &'static str) -> Option<Photo> {
    let mut webp = WebP::from_bytes(bytes).ok()?;
    let (width, height) = webp.dimensions()?;
    let pictures = webp.chunks().iter().filter_map(|chunk| Some((chunk.id(), chunk.content().data()?)));
    if !pictures.into_iter().any(|(id, data)| is_picture(&id, data)) {
        return None;
    }
    webp.chunks_mut().retain(|chunk| PICTURE.contains(&&chunk.id()));
    let mut bytes = webp.encoder().bytes().to_vec();
    // RIFF, size, WEBP, then the first chunk: VP8X, size, flags
    if bytes.get(12..16) == Some(b"VP8X")
        && let Some(flags) = bytes.get_mut(20)
    {
        *flags &= !TOLD;
    }
    Some(Photo { bytes: bytes.into(), content_type, width, height })
}

/// Whether a chunk begins as a picture of its kind does.
fn is_picture(id: &[u8; 4], data: &[u8]) -> bool {
    match id {
        b"VP8 " => data.get(3..6) == Some(&[0x9d, 0x01, 0x2a]) && data.len() > 10,
        b"VP8L" => data.first() == Some(&0x2f) && data.len() > 5,
        b"ANMF" => data.len() > 24,
        _ => false,
    }
}
