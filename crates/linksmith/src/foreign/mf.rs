//! "Minshall and French" symbolic links: how clients of SMB shares keep them where the server has none.
//!
//! 1067 bytes: `XSym`, LF; the text's length in four decimal digits, LF; its MD5 sum in 32 hexadecimal digits, LF; the
//! text, and where it has less than 1024 bytes LF and blanks up to there. The sum is not computed: the size, the digits
//! and the blanks leave nothing else that it could be. Source: Samba's wiki, "UNIX Extensions", and `cifs` of Linux.

use super::Means;

pub(super) const SIZE: u64 = 1067;
const TEXT: usize = 5 + 5 + 33;
const LONGEST_TEXT: usize = 1024;

pub(super) fn parse(contents: &[u8]) -> Option<Means> {
    let contents: &[u8; TEXT + LONGEST_TEXT] = contents.try_into().ok()?;
    let (head, room) = contents.split_at(TEXT);
    let [b'X', b'S', b'y', b'm', b'\n', digits @ .., b'\n'] = head else {
        return None;
    };
    let [a, b, c, d, b'\n', sum @ ..] = digits else {
        return None;
    };
    if !sum.iter().all(u8::is_ascii_hexdigit) {
        return None;
    }
    let len = decimal(&[*a, *b, *c, *d])?;
    let (text, padding) = room.split_at_checked(len)?;
    let padded = match padding {
        [] => true,
        [first, rest @ ..] => *first == b'\n' && rest.iter().all(|b| *b == b' '),
    };
    let sound = padded && !text.is_empty() && !text.contains(&0);
    sound.then(|| Means::posix_link(text.to_vec()))
}

fn decimal(digits: &[u8]) -> Option<usize> {
    digits.iter().try_fold(0, |number, digit| {
        digit
            .is_ascii_digit()
            .then(|| number * 10 + usize::from(digit - b'0'))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As Linux writes it, but for the sum, which nothing looks at.
    fn link(text: &str) -> Vec<u8> {
        let mut contents = format!("XSym\n{:04}\n{:032x}\n{text}", text.len(), 0x5EED).into_bytes();
        if text.len() < LONGEST_TEXT {
            contents.push(b'\n');
        }
        contents.resize(1067, b' ');
        contents
    }

    #[test]
    fn texts() {
        let longest = "x".repeat(LONGEST_TEXT);
        for text in ["../a/b", "/", "with\nline", &longest] {
            let expected = Some(Means::posix_link(text.into()));
            assert_eq!(parse(&link(text)), expected, "{text:?}");
        }
    }

    #[test]
    fn what_only_looks_like_one() {
        assert_eq!(parse(&link("")), None);
        let spoilt = |at: usize, byte: u8| {
            let mut contents = link("../a/b");
            contents[at] = byte;
            parse(&contents)
        };
        assert!(
            spoilt(TEXT, b'x').is_some(),
            "another text is a link as well"
        );
        for (at, byte) in [
            (0, b'x'),
            (5, b'9'),
            (5, b'-'),
            (9, b' '),
            (20, b'g'),
            (1066, b'x'),
        ] {
            assert_eq!(spoilt(at, byte), None, "{at} {byte}");
        }
        assert_eq!(parse(&link("a")[..1066]), None);
    }
}
