//! The grammar of a line: variables, quotes, escapes, redirection, chains.
//!
//! It is `cmd`'s, so far as it goes: `%NAME%` is put in before anything else is looked at, `^` escapes
//! outside quotes, `&` binds weakest, then `||`, then `&&`. Pipes, blocks, `if` and `for` are not part
//! of it.

/// When the next command of a line runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Chain {
    /// `&`: always.
    Always,
    /// `&&`: when the last one that ran succeeded.
    IfOk,
    /// `||`: when the last one that ran failed.
    IfFailed,
}

/// Where one stream of a command goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Redirect {
    /// `>file`, `2>file`, `>>file`: the stream, the file, whether it is added to.
    File {
        /// 1 or 2.
        stream: u8,
        /// The file's path, quotes taken off.
        path: String,
        /// `>>`.
        append: bool,
    },
    /// `2>&1`, `1>&2`.
    Same {
        /// Which stream.
        stream: u8,
        /// Where the other one goes.
        to: u8,
    },
}

/// One command of a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Simple {
    /// Whether it runs, by how the ones before it went.
    pub chain: Chain,
    /// Its text, escapes undone, quotes kept, redirections taken out.
    pub text: String,
    /// Where its streams go; the last word on a stream counts.
    pub redirects: Vec<Redirect>,
}

/// A parsed line.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Line {
    /// `@`: the line is not echoed.
    pub silent: bool,
    /// Its commands in order.
    pub commands: Vec<Simple>,
}

/// The line is not well-formed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct SyntaxError {
    /// What is not understood, as it stands in the line.
    pub near: String,
}

/// Puts variables in. `lookup` gives a variable's value by its name in any case; one that is not set
/// becomes nothing in a script, and stays as it was typed at the prompt.
pub(super) fn expand(line: &str, script: bool, lookup: &dyn Fn(&str) -> Option<String>) -> String {
    let mut out = String::with_capacity(line.len());
    let mut rest = line;
    while let Some(at) = rest.find('%') {
        out.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        if script && rest.starts_with('%') {
            out.push('%');
            rest = &rest[1..];
            continue;
        }
        let Some(end) = rest.find('%') else {
            out.push('%');
            continue;
        };
        let name = &rest[..end];
        match lookup(name) {
            Some(value) if !name.is_empty() => out.push_str(&value),
            _ if script => {}
            _ => {
                out.push('%');
                out.push_str(name);
                // The closing sign may open the next name, as it does in `cmd`.
                rest = &rest[end..];
                continue;
            }
        }
        rest = &rest[end + 1..];
    }
    out.push_str(rest);
    out
}

/// Whether the line goes on in the next one: an escape at its very end.
pub(super) fn continues(line: &str) -> bool {
    let (mut quoted, mut escaped) = (false, false);
    for c in line.chars() {
        match c {
            _ if escaped => escaped = false,
            '"' => quoted = !quoted,
            '^' if !quoted => escaped = true,
            _ => {}
        }
    }
    escaped
}

/// Parses a line whose variables are in.
pub(super) fn parse(line: &str) -> Result<Line, SyntaxError> {
    let trimmed = line.trim_start();
    let silent = trimmed.starts_with('@');
    let body = trimmed.trim_start_matches(['@', ' ', '\t']);
    let mut parser = Parser {
        rest: body.chars().collect::<Vec<_>>().into(),
        ..Parser::default()
    };
    parser.run()?;
    Ok(Line {
        silent,
        commands: parser.done,
    })
}

#[derive(Default)]
struct Parser {
    rest: std::collections::VecDeque<char>,
    done: Vec<Simple>,
    chain: Option<Chain>,
    text: String,
    redirects: Vec<Redirect>,
}

impl Parser {
    fn run(&mut self) -> Result<(), SyntaxError> {
        let mut quoted = false;
        while let Some(c) = self.rest.pop_front() {
            match c {
                '"' => {
                    quoted = !quoted;
                    self.text.push(c);
                }
                _ if quoted => self.text.push(c),
                '^' => self.text.extend(self.rest.pop_front()),
                '&' | '|' => self.operator(c)?,
                '>' | '<' => self.redirect(c)?,
                _ => self.text.push(c),
            }
        }
        let dangling = !matches!(self.chain, None | Some(Chain::Always));
        if self.is_blank() && dangling {
            return Err(near("&&"));
        }
        self.finish();
        Ok(())
    }

    fn is_blank(&self) -> bool {
        self.text.trim().is_empty() && self.redirects.is_empty()
    }

    fn operator(&mut self, c: char) -> Result<(), SyntaxError> {
        let doubled = self.take(c);
        let next = match (c, doubled) {
            ('&', false) => Chain::Always,
            ('&', true) => Chain::IfOk,
            ('|', true) => Chain::IfFailed,
            // A pipe would need programs that read; there are none here.
            _ => return Err(near("|")),
        };
        if self.is_blank() {
            return Err(near(if doubled { "&&" } else { "&" }));
        }
        self.finish();
        self.chain = Some(next);
        Ok(())
    }

    fn finish(&mut self) {
        let chain = self.chain.take().unwrap_or(Chain::Always);
        if self.is_blank() {
            return;
        }
        self.done.push(Simple {
            chain,
            text: std::mem::take(&mut self.text),
            redirects: std::mem::take(&mut self.redirects),
        });
    }

    fn take(&mut self, c: char) -> bool {
        let there = self.rest.front() == Some(&c);
        if there {
            self.rest.pop_front();
        }
        there
    }

    fn redirect(&mut self, c: char) -> Result<(), SyntaxError> {
        if c == '<' {
            return Err(near("<"));
        }
        let stream = self.stream_digit();
        let append = self.take('>');
        if self.take('&') {
            let to = match self.rest.pop_front() {
                Some('1') => 1,
                Some('2') => 2,
                _ => return Err(near(">&")),
            };
            self.redirects.push(Redirect::Same { stream, to });
            return Ok(());
        }
        let path = self.word();
        if path.is_empty() {
            return Err(near(">"));
        }
        self.redirects.push(Redirect::File {
            stream,
            path,
            append,
        });
        Ok(())
    }

    /// `2>`: a digit that stands alone right before the sign.
    fn stream_digit(&mut self) -> u8 {
        let alone = |t: &str| t.is_empty() || t.ends_with(char::is_whitespace);
        for (digit, stream) in [('1', 1), ('2', 2)] {
            let before = self.text.strip_suffix(digit);
            if before.is_some_and(alone) {
                self.text.pop();
                return stream;
            }
        }
        1
    }

    /// The word after a redirection sign.
    fn word(&mut self) -> String {
        while self.rest.front().is_some_and(|c| c.is_whitespace()) {
            self.rest.pop_front();
        }
        let (mut word, mut quoted) = (String::new(), false);
        while let Some(&c) = self.rest.front() {
            match c {
                '"' => quoted = !quoted,
                _ if quoted => word.push(c),
                '&' | '|' | '>' | '<' | ',' | ';' | '=' => break,
                c if c.is_whitespace() => break,
                '^' => {
                    self.rest.pop_front();
                    word.extend(self.rest.front());
                }
                _ => word.push(c),
            }
            self.rest.pop_front();
        }
        word
    }
}

fn near(text: &str) -> SyntaxError {
    SyntaxError {
        near: text.to_owned(),
    }
}

/// Whose rules cut a command's text into words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Splitting {
    /// `cmd`'s own commands: blanks, commas, semicolons and equals signs part words.
    Builtin,
    /// Programs: blanks alone do.
    Program,
}

/// Cuts text into words; quotes hold words together and are taken off.
pub(super) fn words(text: &str, splitting: Splitting) -> Vec<String> {
    let parts = |c: char| {
        c.is_whitespace() || (splitting == Splitting::Builtin && matches!(c, ',' | ';' | '='))
    };
    let (mut words, mut word, mut quoted, mut open) = (Vec::new(), String::new(), false, false);
    for c in text.chars() {
        match c {
            '"' => {
                quoted = !quoted;
                open = true;
            }
            c if parts(c) && !quoted => {
                if open {
                    words.push(std::mem::take(&mut word));
                }
                open = false;
            }
            c => {
                word.push(c);
                open = true;
            }
        }
    }
    if open {
        words.push(word);
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(line: &str) -> String {
        match parse(line) {
            Err(e) => format!("! {}", e.near),
            Ok(line) => {
                let commands = line.commands.iter().map(|c| {
                    let chain = match c.chain {
                        Chain::Always => "",
                        Chain::IfOk => "ok:",
                        Chain::IfFailed => "failed:",
                    };
                    let redirects = c.redirects.iter().map(|r| match r {
                        Redirect::File {
                            stream,
                            path,
                            append: false,
                        } => format!(" {stream}>{path}"),
                        Redirect::File {
                            stream,
                            path,
                            append: true,
                        } => format!(" {stream}>>{path}"),
                        Redirect::Same { stream, to } => format!(" {stream}>&{to}"),
                    });
                    format!("{chain}[{}]{}", c.text, redirects.collect::<String>())
                });
                let at = if line.silent { "@" } else { "" };
                format!("{at}{}", commands.collect::<Vec<_>>().join(" "))
            }
        }
    }

    #[test]
    fn lines() {
        let check = |line: &str, want: &str| assert_eq!(shown(line), want, "{line}");
        check("", "");
        check("dir", "[dir]");
        check("@echo off", "@[echo off]");
        check("a & b&&c || d", "[a ] [ b] ok:[c ] failed:[ d]");
        check("a &", "[a ]");
        check("echo a^&b", "[echo a&b]");
        check("echo \"a&b^\" & c", "[echo \"a&b^\" ] [ c]");
        check("echo text>file", "[echo text] 1>file");
        check("echo text >> \"a b\" & dir", "[echo text  ] 1>>a b [ dir]");
        check("echo 2>file", "[echo ] 2>file");
        check("echo a2>file", "[echo a2] 1>file");
        check("dir >all 2>&1", "[dir  ] 1>all 2>&1");
        check(">file echo x", "[ echo x] 1>file");
        check("echo a^", "[echo a]");
        check("a | b", "! |");
        check("& a", "! &");
        check("a &&", "! &&");
        check("a && && b", "! &&");
        check("a >", "! >");
        check("a < b", "! <");
        check("a 2>&3", "! >&");
    }

    #[test]
    fn variables() {
        let lookup = |name: &str| name.eq_ignore_ascii_case("A").then(|| "1 & 2".to_owned());
        let check = |line: &str, script: &str, prompt: &str| {
            assert_eq!(expand(line, true, &lookup), script, "{line} in a script");
            assert_eq!(expand(line, false, &lookup), prompt, "{line} at the prompt");
        };
        check("echo %a%!", "echo 1 & 2!", "echo 1 & 2!");
        check("echo %no%!", "echo !", "echo %no%!");
        check("100%", "100%", "100%");
        check("100%%", "100%", "100%%");
        check("%no%a%", "a%", "%no1 & 2");
    }

    #[test]
    fn words_of_both_kinds() {
        let check = |text: &str, builtin: &[&str], program: &[&str]| {
            assert_eq!(words(text, Splitting::Builtin), builtin, "{text}");
            assert_eq!(words(text, Splitting::Program), program, "{text}");
        };
        check(" a  \"b c\"d \"\" ", &["a", "b cd", ""], &["a", "b cd", ""]);
        check("a,b;c=d", &["a", "b", "c", "d"], &["a,b;c=d"]);
    }

    #[test]
    fn a_line_goes_on_after_an_escape() {
        assert!(continues("mklink ^"));
        assert!(!continues("echo ^^"));
        assert!(!continues("echo \"^"));
    }
}
