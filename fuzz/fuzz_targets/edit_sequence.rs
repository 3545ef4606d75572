#![no_main]
use libfuzzer_sys::fuzz_target;

// The input chooses the volume, the damage and the edits; what is held against it stands with the runner.
fuzz_target!(|input: &[u8]| {
    if let Err(wrong) = testkit::damaged_edits::run(input) {
        panic!("{wrong}");
    }
});
