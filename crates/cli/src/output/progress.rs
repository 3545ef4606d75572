//! Progress bars: on standard error, on a terminal, and only for work that takes a while.

use std::io::IsTerminal as _;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use linksmith::ops::Progress;

use super::Console;

/// Work shorter than this shows no bar.
const DELAY: Duration = Duration::from_millis(500);

/// A bar that appears after a while, or nothing where nobody would see it.
pub(crate) struct Bar {
    wanted: bool,
    since: Instant,
    total: Option<u64>,
    done: u64,
    bar: Option<ProgressBar>,
}

impl Bar {
    pub(crate) fn new(console: &Console) -> Self {
        Self {
            wanted: !console.quiet && !console.json && std::io::stderr().is_terminal(),
            since: Instant::now(),
            total: None,
            done: 0,
            bar: None,
        }
    }
}

impl Progress for Bar {
    fn begin(&mut self, total: Option<u64>) {
        if let Some(bar) = self.bar.take() {
            bar.finish_and_clear();
        }
        (self.total, self.done, self.since) = (total, 0, Instant::now());
    }

    fn advance(&mut self, parts: u64) {
        self.done += parts;
        if !self.wanted || self.since.elapsed() < DELAY {
            return;
        }
        let bar = self.bar.get_or_insert_with(|| drawn(self.total));
        bar.set_position(self.done);
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

fn drawn(total: Option<u64>) -> ProgressBar {
    let (bar, template) = match total {
        Some(total) => (
            ProgressBar::new(total),
            "{bar:40} {human_pos}/{human_len} {eta}",
        ),
        None => (
            ProgressBar::new_spinner(),
            "{spinner} {human_pos} {elapsed}",
        ),
    };
    bar.set_draw_target(ProgressDrawTarget::stderr());
    // The templates are fixed and well-formed; without one the bar would have indicatif's own.
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style);
    }
    bar
}
