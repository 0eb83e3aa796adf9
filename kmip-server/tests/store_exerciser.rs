//! The embedded store passes the exerciser of the store seam, with failing and dying at every step of a commit.

mod store_support;

use std::fs;
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use kmip_core::ports::store::Store;
use kmip_core::testing::store::{Fault, FaultPlan};
use kmip_core::testing::store_exerciser::{self, Subject};
use kmip_server::store::{Options, StepHook};

/// A store on disk. A "kill" at a step copies the files as the operating system has them at that moment: this is what
/// `kill -9` leaves; the next open works on the copy.
struct OnDisk {
    root: tempfile::TempDir,
    faults: FaultPlan,
    current: PathBuf,
    image: Arc<Mutex<Option<PathBuf>>>,
    generation: u32,
}

impl OnDisk {
    fn new() -> Self {
        let root = tempfile::tempdir().expect("directory");
        let current = root.path().join("0");
        Self { root, faults: FaultPlan::default(), current, image: Arc::default(), generation: 0 }
    }

    fn next_path(&mut self) -> PathBuf {
        self.generation += 1;
        self.root.path().join(self.generation.to_string())
    }

    fn hook(&mut self) -> StepHook {
        let (faults, image) = (self.faults.clone(), Arc::clone(&self.image));
        let (current, copy) = (self.current.clone(), self.next_path());
        Arc::new(move |_| match faults.step() {
            None => Ok(()),
            Some(fault) => {
                if fault == Fault::Kill {
                    store_support::copy_directory(&current, &copy);
                    *image.lock().expect("lock") = Some(copy.clone());
                }
                Err(io::Error::other("injected"))
            }
        })
    }
}

impl Subject for OnDisk {
    fn open(&mut self) -> Box<dyn Store> {
        if let Some(image) = self.image.lock().expect("lock").take() {
            fs::remove_dir_all(&self.current).expect("removes");
            self.current = image;
        }
        let options = Options { hook: Some(self.hook()), cache_bytes: 64 << 20, ..Options::default() };
        let store = store_support::open(&self.current, options).expect("opens");
        let report = store.check().expect("checks");
        assert_eq!(report.damaged, vec![], "a store is whole whenever it is opened");
        let blobs = fs::read_dir(self.current.join("engine/blobs")).expect("blobs").count();
        assert_eq!(blobs, 0, "no value may go to a file that the engine's flush does not sync");
        Box::new(store)
    }

    fn clear(&mut self) {
        *self.image.lock().expect("lock") = None;
        if self.current.exists() {
            fs::remove_dir_all(&self.current).expect("removes");
        }
        self.current = self.next_path();
    }

    fn faults(&self) -> FaultPlan {
        self.faults.clone()
    }
}

#[test]
fn sled_store_passes_the_exerciser() {
    store_exerciser::exercise(&mut OnDisk::new());
}
