//! How a phone was held: the one thing of EXIF that is needed to show a photo upright.
use axum::body::Bytes;

const ORIENTATION: u16 = 0x0112;

/// The orientation, 1 to 8, that a TIFF block says, if it says one.
pub fn of_exif(tiff: &[u8]) -> Option<u16> {
    let big = match tiff.first_chunk::<4>()? {
        b"MM\0*" => true,
        b"II*\0" => false,
        _ => return None,
    };
    let short = |at: usize| {
        let bytes = tiff.get(at..)?.first_chunk::<2>()?;
        Some(if big { u16::from_be_bytes(*bytes) } else { u16::from_le_bytes(*bytes) })
    };
    let long = tiff.get(4..)?.first_chunk::<4>()?;
    let directory = if big { u32::from_be_bytes(*long) } else { u32::from_le_bytes(*long) };
    let directory = usize::try_from(directory).ok()?;
    let entries = usize::from(short(directory)?);
    let mut entry = (0..entries).map(|number| directory + 2 + 12 * number);
    let found = entry.find(|at| short(*at) == Some(ORIENTATION))?;
    short(found + 8).filter(|turned| (1..=8).contains(turned))
}

/// An EXIF segment that says nothing else.
pub fn exif(turned: u16) -> Bytes {
    let mut exif = b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01".to_vec();
    exif.extend_from_slice(&turned.to_be_bytes());
    exif.extend_from_slice(&[0; 6]);
    exif.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        for turned in 1..=8 {
            assert_eq!(of_exif(&exif(turned)[6..]), Some(turned));
        }
    }

    #[test]
    fn both_byte_orders_are_read() {
        let little = b"II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0\0\0\0\0";
        assert_eq!(of_exif(little), Some(6));
    }

    #[test]
    fn nonsense_says_nothing() {
        for tiff in [&b""[..], b"MM\0*", b"MM\0*\xff\xff\xff\xff", b"II*\0\x08\0\0\0\xff\xff"] {
            assert_eq!(of_exif(tiff), None);
        }
        assert_eq!(of_exif(&exif(9)[6..]), None);
    }
}
