//! Core dumps are off after `harden_process` (alone in its process: the switch is process-wide).

use rustix::process::{DumpableBehavior, Resource, Rlimit, dumpable_behavior, getrlimit};

#[test]
fn a_hardened_process_leaves_no_core() {
    hsm_backend::protected::harden_process().unwrap();
    assert_eq!(getrlimit(Resource::Core), Rlimit { current: Some(0), maximum: Some(0) });
    assert_eq!(dumpable_behavior().unwrap(), DumpableBehavior::NotDumpable);
}
