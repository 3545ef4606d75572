#![no_main]
use libfuzzer_sys::fuzz_target;
use linksmith_ntfs::runs::{Run, Runs, encode, encoded_size};

fuzz_target!(|bytes: &[u8]| {
    let runs: Result<Vec<Run>, _> = Runs::new(bytes, 0, 1 << 40).collect();
    let Ok(runs) = runs else { return };
    let mut again = Vec::new();
    encode(&runs, &mut again);
    assert_eq!(again.len(), encoded_size(&runs));
    let decoded: Result<Vec<Run>, _> = Runs::new(&again, 0, 1 << 40).collect();
    assert_eq!(decoded.expect("what was encoded decodes"), runs);
});
