//! Small drawn pictures in place of photos: snow, a wall, something dark in front of it.

const WIDTH: usize = 96;
const HEIGHT: usize = 72;

/// A PNG; another number, another picture.
pub fn png(number: usize) -> Vec<u8> {
    let mut rows = Vec::with_capacity(HEIGHT * (WIDTH + 1));
    for y in 0..HEIGHT {
        rows.push(0);
        rows.extend((0..WIDTH).map(|x| colour(number, x, y)));
    }
    let mut header = Vec::new();
    header.extend((WIDTH as u32).to_be_bytes());
    header.extend((HEIGHT as u32).to_be_bytes());
    // 8 bits, palette, deflate, no filter, not interlaced
    header.extend([8, 3, 0, 0, 0]);
    let palette = [[176, 196, 214], [236, 240, 244], [150, 110, 90], [60, 64, 70]].concat();
    let mut png = b"\x89PNG\r\n\x1a\n".to_vec();
    for (kind, data) in [(b"IHDR", header), (b"PLTE", palette), (b"IDAT", zlib(&rows)), (b"IEND", Vec::new())] {
        chunk(&mut png, kind, &data);
    }
    png
}

/// Sky, snow, wall and the thing.
fn colour(number: usize, x: usize, y: usize) -> u8 {
    let (middle, size) = (20 + number * 17 % 56, 6 + number * 5 % 12);
    let thing = x.abs_diff(middle) + 2 * y.abs_diff(52) < size * 2;
    match (thing, y) {
        (true, _) => 3,
        (_, 48..) => 1,
        (_, 20..) if x / 24 % 2 == number % 2 => 2,
        _ => 0,
    }
}

/// The data in one stored block.
fn zlib(data: &[u8]) -> Vec<u8> {
    let length = u16::try_from(data.len()).unwrap_or(u16::MAX);
    let mut out = vec![0x78, 0x01, 0x01];
    out.extend(length.to_le_bytes());
    out.extend((!length).to_le_bytes());
    out.extend(data);
    let (mut a, mut b) = (1_u32, 0_u32);
    for byte in data {
        a = (a + u32::from(*byte)) % 65_521;
        b = (b + a) % 65_521;
    }
    out.extend((b << 16 | a).to_be_bytes());
    out
}

fn chunk(png: &mut Vec<u8>, kind: &[u8; 4], data: &[u8]) {
    png.extend(u32::try_from(data.len()).unwrap_or(0).to_be_bytes());
    let begin = png.len();
    png.extend(kind);
    png.extend(data);
    let sum = crc(&png[begin..]);
    png.extend(sum.to_be_bytes());
}

fn crc(bytes: &[u8]) -> u32 {
    let mut sum = u32::MAX;
    for byte in bytes {
        sum ^= u32::from(*byte);
        for _ in 0..8 {
            sum = if sum & 1 == 1 { sum >> 1 ^ 0xedb8_8320 } else { sum >> 1 };
        }
    }
    !sum
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksum_is_that_of_the_standard() {
        assert_eq!(crc(b"123456789"), 0xcbf4_3926);
        assert_ne!(png(1), png(2));
    }
}
