#![no_main]
use libfuzzer_sys::fuzz_target;
use linksmith::ReparsePoint;
use linksmith::foreign::Foreign;

// Any bytes are refused with a place in them, or kept to the byte and understood without a panic.
/// A field that the buffer ends before is named by its own place, at most that of the last fixed field.
fn is_a_place(position: usize, bytes: &[u8]) -> bool {
    position <= bytes.len().max(20)
}

fuzz_target!(|bytes: &[u8]| {
    let _ = Foreign::parse(bytes);
    let point = match ReparsePoint::from_bytes(bytes) {
        Ok(point) => point,
        Err(e) => return assert!(is_a_place(e.position, bytes)),
    };
    assert_eq!(point.as_bytes(), bytes);
    match point.view() {
        Err(e) => {
            assert!(is_a_place(e.position, bytes));
            assert!(point.check_settable().is_err());
        }
        Ok(view) => {
            let _ = (view.print(), view.is_volume_mount_point());
            let _ = view
                .target()
                .map(|t| (t.to_win32(), t.to_nt(), t.to_entry_path()));
        }
    }
});
