#![no_main]
use libfuzzer_sys::fuzz_target;
use linksmith::TargetPath;
use linksmith::reparse::ReparsePoint;

// The first byte cuts the rest into two paths; each is read in all four ways.
fuzz_target!(|bytes: &[u8]| {
    let Some((cut, rest)) = bytes.split_first() else {
        return;
    };
    let (a, b) = rest.split_at(usize::from(*cut).min(rest.len()));
    let readers: [fn(&[u8]) -> TargetPath; 4] = [
        |t| TargetPath::parse(t),
        |t| TargetPath::parse_nt(t),
        |t| TargetPath::parse_relative(t),
        |t| TargetPath::parse_posix(t),
    ];
    for read in readers {
        let (path, base) = (read(a), read(b));
        assert_eq!(path.as_bytes(), a);
        let normal = path.normalized();
        assert_eq!(normal.normalized(), normal);
        let _ = (
            path.join(&base),
            path.absolute(&base),
            path.relative_from(&base),
            path.to_utf16(),
        );
        if let Some(nt) = path.to_nt() {
            // What another object directory spells comes back as `\??\`; that one is a fixed point.
            let again = nt.to_win32().to_nt().expect("absolute still");
            assert_eq!(again.to_win32().to_nt(), Some(again));
        }
        for point in [ReparsePoint::symlink(&path), ReparsePoint::junction(&path)]
            .into_iter()
            .flatten()
        {
            let target = point.view().expect("our own bytes").target();
            assert!(target.is_some());
            point.check_settable().expect("our own bytes");
        }
    }
});
