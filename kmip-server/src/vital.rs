//! Threads without which a server that goes on would do harm: nothing would be committed, or no date would take effect. A defect
//! that ends one ends the process, for whoever watches over it to start it again.

use crate::log_line;
use std::io;
use std::thread::{self, JoinHandle};

/// Ends the process where its thread ends by a panic.
struct Vital(&'static str);

impl Drop for Vital {
    fn drop(&mut self) {
        if thread::panicking() {
            tracing::error!(thread = self.0, "the server cannot go on without this thread");
            log_line::write_out();
            std::process::abort();
        }
    }
}

/// Starts such a thread.
pub(crate) fn spawn(name: &'static str, work: impl FnOnce() + Send + 'static) -> io::Result<JoinHandle<()>> {
    let work = move || {
        let _vital = Vital(name);
        work();
    };
    thread::Builder::new().name(name.to_owned()).spawn(work)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::process::ExitStatusExt;
    use std::process::Command;

    /// Set for the process that is to end.
    const DOOMED: &str = "KMIP_SERVER_TEST_DOOMED";

    #[test]
    fn a_panic_ends_the_process_and_nothing_else_does() {
        if std::env::var_os(DOOMED).is_some() {
            let _ = spawn("doomed", || panic!("a defect")).unwrap().join();
            return;
        }
        spawn("safe", || {}).unwrap().join().unwrap();
        let name = format!("{}::a_panic_ends_the_process_and_nothing_else_does", module_path!());
        let name = name.split_once("::").unwrap().1;
        let run = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", name, "--nocapture"])
            .env(DOOMED, "1")
            .output()
            .unwrap();
        assert_eq!(run.status.signal(), Some(6), "{run:?}");
    }
}
