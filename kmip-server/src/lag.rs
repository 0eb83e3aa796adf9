//! Whether the machine's clock is behind the time that the server goes by, which never runs backwards: a clock that was ahead for a
//! moment makes that time stand still until it has caught up, and no date takes effect meanwhile.

/// Seconds by which a clock may be set back without being told.
const TOLERATED: i64 = 5;

/// What was told last.
#[derive(Default)]
pub(crate) struct Lag {
    told: bool,
}

impl Lag {
    /// Tells when the clock falls behind by more than it may, and when it has caught up.
    pub fn look(&mut self, behind: i64) {
        match (behind > TOLERATED, behind > 0) {
            (true, _) if !self.told => {
                tracing::warn!(
                    seconds = behind,
                    "this machine's clock is behind the newest date of the store, or was set back: no date takes effect until it \
                     has caught up; if the clock was wrong before, see the Last Change Dates"
                );
                self.told = true;
            }
            (false, false) if self.told => {
                tracing::info!("this machine's clock has caught up with the newest date of the store");
                self.told = false;
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_is_behind_is_told_once_until_it_has_caught_up() {
        let mut lag = Lag::default();
        let told = [(0, false), (TOLERATED, false), (TOLERATED + 1, true), (3, true), (0, false), (4_000, true)];
        for (behind, is_told) in told {
            lag.look(behind);
            assert_eq!(lag.told, is_told, "{behind} s");
        }
    }
}
