//! The QR code of a pick-up code, drawn for a telephone's screen.
use std::fmt::Write;

use chassis::faults::Fault;
use qrcode::{Color, EcLevel, QrCode};

/// What stands before the code, so that a scanner's reader knows what it reads.
pub const BEFORE_CODE: &str = "HEMEI:R:";
/// Light modules around it, without which readers do not find it.
const QUIET: usize = 4;

/// What the QR code says.
pub fn text(code: &str) -> String {
    format!("{BEFORE_CODE}{code}")
}

/// A QR code as an SVG: one module is one unit, dark ones are runs of one path.
pub fn svg(text: &str) -> Result<String, Fault> {
    let code = QrCode::with_error_correction_level(text, EcLevel::M).map_err(Fault::internal)?;
    let (width, modules) = (code.width(), code.to_colors());
    let mut path = String::new();
    for (row, modules) in modules.chunks(width).enumerate() {
        let mut at = 0;
        for run in modules.chunk_by(|a, b| a == b) {
            if run.first() == Some(&Color::Dark) {
                let (x, y, long) = (at + QUIET, row + QUIET, run.len());
                write!(path, "M{x} {y}h{long}v1h-{long}z").map_err(Fault::internal)?;
            }
            at += run.len();
        }
    }
    let side = width + 2 * QUIET;
    Ok(format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {side} {side}\" shape-rendering=\"crispEdges\">\
         <path fill=\"#fff\" d=\"M0 0h{side}v{side}h-{side}z\"/><path d=\"{path}\"/></svg>"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The dark modules of an SVG, row by row, quiet zone and all.
    fn read(svg: &str) -> Vec<Vec<bool>> {
        let (_, rest) = svg.split_once("viewBox=\"0 0 ").unwrap();
        let side: usize = rest.split_once(' ').unwrap().0.parse().unwrap();
        let (_, path) = svg.rsplit_once("d=\"").unwrap();
        let mut modules = vec![vec![false; side]; side];
        for run in path.split_once('"').unwrap().0.split('M').skip(1) {
            let (at, long) = run.split_once('h').unwrap();
            let (x, y) = at.split_once(' ').unwrap();
            let (x, y): (usize, usize) = (x.parse().unwrap(), y.parse().unwrap());
            let long: usize = long.split_once('v').unwrap().0.parse().unwrap();
            modules[y][x..x + long].fill(true);
        }
        modules
    }

    /// Whether a module of the smallest code carries no data: finders with their rims, formats, timing.
    fn is_fixed(x: usize, y: usize) -> bool {
        (y < 9 && !(9..13).contains(&x)) || (x < 9 && y >= 13) || x == 6 || y == 6
    }

    /// Undoes a mask of the standard.
    fn masked(mask: usize, x: usize, y: usize) -> bool {
        let (i, j) = (y, x);
        match mask {
            0 => (i + j) % 2 == 0,
            1 => i % 2 == 0,
            2 => j % 3 == 0,
            3 => (i + j) % 3 == 0,
            4 => (i / 2 + j / 3) % 2 == 0,
            5 => (i * j) % 2 + (i * j) % 3 == 0,
            6 => ((i * j) % 2 + (i * j) % 3) % 2 == 0,
            _ => ((i + j) % 2 + (i * j) % 3) % 2 == 0,
        }
    }

    /// Reads a code of 21 × 21 modules as a scanner does, without correcting anything.
    fn scan(code: &[Vec<bool>]) -> String {
        // five bits of the format: two of the level, three of the mask, under a mask of their own
        let format = (0..5).fold(0, |bits, x| bits << 1 | usize::from(code[8][x])) ^ 0b10101;
        assert_eq!(format >> 3, 0b00, "level M");
        let mut bits = Vec::new();
        for (pair, right) in [20, 18, 16, 14, 12, 10, 8, 5, 3, 1].into_iter().enumerate() {
            for step in 0..21 {
                let y = if pair % 2 == 0 { 20 - step } else { step };
                for x in [right, right - 1] {
                    if !is_fixed(x, y) {
                        bits.push(code[y][x] ^ masked(format & 7, x, y));
                    }
                }
            }
        }
        let take = |from: usize, many| bits[from..from + many].iter().fold(0, |n, bit| n << 1 | usize::from(*bit));
        let letters = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:";
        let (mut at, mut text) = (0, String::new());
        // segments of letters (4 bits of mode, 9 of length) or of digits (4 and 10)
        loop {
            let mode = if at + 4 <= 128 { take(at, 4) } else { 0 };
            match mode {
                0b0010 => {
                    let many = take(at + 4, 9);
                    at += 13;
                    for _ in 0..many / 2 {
                        let two = take(at, 11);
                        text.push(char::from(letters[two / 45]));
                        text.push(char::from(letters[two % 45]));
                        at += 11;
                    }
                    if many % 2 == 1 {
                        text.push(char::from(letters[take(at, 6)]));
                        at += 6;
                    }
                }
                0b0001 => {
                    let many = take(at + 4, 10);
                    at += 14;
                    for first in (0..many).step_by(3) {
                        let digits = (many - first).min(3);
                        text.push_str(&format!("{:0digits$}", take(at, [4, 7, 10][digits - 1])));
                        at += [4, 7, 10][digits - 1];
                    }
                }
                _ => return text,
            }
        }
    }

    #[test]
    fn what_is_drawn_is_what_a_scanner_reads() {
        for code in ["00000000", "12345678", "99999999", "48291307"] {
            let svg = svg(&text(code)).unwrap();
            assert!(svg.len() <= 4096, "{} bytes", svg.len());
            let modules = read(&svg);
            assert_eq!(modules.len(), 21 + 2 * QUIET);
            let quiet = |at: usize| !(QUIET..QUIET + 21).contains(&at);
            for (y, row) in modules.iter().enumerate() {
                assert!(row.iter().enumerate().all(|(x, dark)| !dark || !quiet(x) && !quiet(y)), "the rim is light");
            }
            let inner: Vec<Vec<bool>> =
                modules[QUIET..QUIET + 21].iter().map(|row| row[QUIET..QUIET + 21].to_vec()).collect();
            assert_eq!(scan(&inner), text(code));
        }
    }
}
