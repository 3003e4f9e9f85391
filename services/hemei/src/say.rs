//! Words for the person at the terminal.
use std::{
    io::Write,
    sync::atomic::{AtomicBool, Ordering},
};

/// Whether the last line is still open.
static OPEN: AtomicBool = AtomicBool::new(false);

/// Ends the line on standard output; a closed terminal is no reason to stop.
pub fn line(text: &str) {
    OPEN.store(false, Ordering::Relaxed);
    let _ = writeln!(std::io::stdout(), "{text}");
}

/// A part of a line, shown at once.
pub fn part(text: &str) {
    OPEN.store(true, Ordering::Relaxed);
    let mut out = std::io::stdout();
    let _ = write!(out, "{text}");
    let _ = out.flush();
}

/// A line of its own, also in the middle of another.
pub fn aside(text: &str) {
    close();
    line(text);
}

/// What went wrong and what to do about it, on standard error.
pub fn problem(text: &str) {
    close();
    let _ = writeln!(std::io::stderr(), "✗ {text}");
}

fn close() {
    if OPEN.swap(false, Ordering::Relaxed) {
        let _ = writeln!(std::io::stdout());
    }
}
