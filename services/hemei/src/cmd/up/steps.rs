//! The numbered lines of a start, each with its time.
use std::time::Instant;

use crate::say;

/// Tells what is being done and then how it went.
pub struct Steps {
    total: usize,
    done: usize,
}

impl Steps {
    pub fn new(total: usize) -> Self {
        Self { total, done: 0 }
    }

    /// Begins a step; the line is finished by [`Step::end`].
    pub fn begin(&mut self, name: &str) -> Step {
        self.done += 1;
        say::part(&format!("[{}/{}] {name} …… ", self.done, self.total));
        Step { begun: Instant::now() }
    }
}

pub struct Step {
    begun: Instant,
}

impl Step {
    /// 就绪 0.4s  (remark)
    pub fn end(self, outcome: &str, remark: &str) {
        let remark = if remark.is_empty() { String::new() } else { format!("  ({remark})") };
        say::line(&format!("{outcome} {:.1}s{remark}", self.begun.elapsed().as_secs_f64()));
    }
}
