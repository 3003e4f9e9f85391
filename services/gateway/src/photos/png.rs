//! PNG: the chunks that make the picture, with sound checksums; no eXIf, texts, times, or anything after the end.
use axum::body::Bytes;
use img_parts::png::Png;

use super::Photo;

const PICTURE: [&[u8; 4]; 15] = [
    b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS", b"gAMA", b"cHRM", b"sRGB", b"iCCP", b"sBIT", b"bKGD", b"pHYs",
    b"acTL", b"fcTL", b"fdAT",
];

pub fn clean(bytes: Bytes, content_type: &'static str) -> Option<Photo> {
    let mut png = Png::from_bytes(bytes).ok()?;
    let (width, height) = png.dimensions()?;
    let chunks = png.chunks();
    let kind = |at: Option<&img_parts::png::PngChunk>| at.map(|chunk| chunk.kind());
    let whole = kind(chunks.first()) == Some(*b"IHDR")
        && kind(chunks.last()) == Some(*b"IEND")
        && chunks.first().is_some_and(|header| header.contents().len() == 13)
        && chunks.iter().any(|chunk| chunk.kind() == *b"IDAT" && !chunk.contents().is_empty());
    if !whole {
        return None;
    }
    png.chunks_mut().retain(|chunk| PICTURE.contains(&&chunk.kind()));
    Some(Photo { bytes: png.encoder().bytes(), content_type, width, height })
}
