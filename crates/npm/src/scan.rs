//! One strict pass over JSON that yields positions instead of values.
//!
//! A packument has megabytes that nobody here looks at. This scanner checks the whole grammar (RFC 8259) and hands out
//! where things stand, so that a document is read once, duplicate keys are seen, and what is not changed is copied byte
//! by byte. It takes what `serde_json` takes as a raw value, and a test holds it to that; only nesting is limited.

use std::borrow::Cow;

/// Deepest nesting accepted. `serde_json`, which some clients stand on, has the same limit.
pub(crate) const MAX_DEPTH: u32 = 128;

/// Where something stands in the document, in bytes. Documents are capped below 4 GiB before they are scanned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Span {
    /// The first byte.
    pub(crate) start: u32,
    /// The byte after the last.
    pub(crate) end: u32,
}

/// Why a document can't be scanned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// It is not JSON from this byte on.
    Syntax(usize),
    /// It nests deeper than [`MAX_DEPTH`].
    Deep,
}

/// A string as it stands in the document.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Text<'a> {
    /// Its position, quotes included.
    pub(crate) span: Span,
    quoted: &'a [u8],
    escaped: bool,
}

/// The scanner: a position in a document.
pub(crate) struct Scanner<'a> {
    bytes: &'a [u8],
    at: usize,
    depth: u32,
}

impl Span {
    /// How many bytes it covers.
    pub(crate) fn len(self) -> usize {
        (self.end - self.start) as usize
    }

    /// The bytes that it covers.
    pub(crate) fn of(self, bytes: &[u8]) -> &[u8] {
        bytes.get(self.start as usize..self.end as usize).unwrap_or_default()
    }
}

impl<'a> Text<'a> {
    /// The decoded text; `None` if it is none (a lone surrogate).
    pub(crate) fn decode(&self) -> Option<Cow<'a, str>> {
        if self.escaped {
            return serde_json::from_slice::<String>(self.quoted).ok().map(Cow::Owned);
        }
        let inner = self.quoted.get(1..self.quoted.len().saturating_sub(1))?;
        std::str::from_utf8(inner).ok().map(Cow::Borrowed)
    }

    /// The decoded text, or for one that can't be decoded its raw spelling: for showing, never for comparing.
    pub(crate) fn shown(&self) -> Cow<'a, str> {
        self.decode().unwrap_or_else(|| String::from_utf8_lossy(self.quoted))
    }
}

/// How many bytes from here on stand plainly in a string: no quote, no backslash, no control character (illegal there).
/// Eight bytes at a time: most of a document is strings.
fn plain_run(bytes: &[u8]) -> usize {
    let (words, tail) = bytes.as_chunks::<8>();
    for (place, word) in words.iter().enumerate() {
        let ends = ends_of_run(u64::from_le_bytes(*word));
        if ends != 0 {
            return place * 8 + ends.trailing_zeros() as usize / 8;
        }
    }
    let ends = |byte: &u8| *byte < 0x20 || matches!(byte, b'"' | b'\\');
    words.len() * 8 + tail.iter().position(ends).unwrap_or(tail.len())
}

/// The high bit of each byte that ends a run. Only the lowest one set is exact: a borrow may set higher ones.
fn ends_of_run(word: u64) -> u64 {
    const ONES: u64 = u64::from_le_bytes([1; 8]);
    const HIGH: u64 = ONES << 7;
    let below = |word: u64, limit: u64| word.wrapping_sub(ONES * limit) & !word;
    let equal = |byte: u8| below(word ^ (ONES * u64::from(byte)), 1);
    (below(word, 0x20) | equal(b'"') | equal(b'\\')) & HIGH
}

impl<'a> Scanner<'a> {
    /// Starts at the first byte that is not white space.
    pub(crate) fn new(bytes: &'a [u8]) -> Scanner<'a> {
        let mut scanner = Scanner { bytes, at: 0, depth: 0 };
        scanner.skip_space();
        scanner
    }

    /// The next byte.
    pub(crate) fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    /// Where the next byte stands.
    pub(crate) fn position(&self) -> u32 {
        self.at as u32 // the document's length fits: see `span`
    }

    /// Nothing but white space is left.
    pub(crate) fn finish(&mut self) -> Result<(), Fault> {
        self.skip_space();
        if self.at == self.bytes.len() { Ok(()) } else { self.fault() }
    }

    /// Reads the object that starts here and calls `each` with every key; `each` must read the value.
    pub(crate) fn members<E: From<Fault>>(
        &mut self,
        mut each: impl FnMut(&mut Self, Text<'a>) -> Result<(), E>,
    ) -> Result<Span, E> {
        let start = self.at;
        self.enter(b'{')?;
        if !self.leave_if(b'}') {
            loop {
                let key = self.text()?;
                self.skip_space();
                self.expect(b':')?;
                self.skip_space();
                each(self, key)?;
                if self.next_or_leave(b'}')? {
                    break;
                }
            }
        }
        Ok(self.span(start))
    }

    /// Reads any value.
    pub(crate) fn value(&mut self) -> Result<Span, Fault> {
        let start = self.at;
        match self.peek() {
            Some(b'"') => return self.text().map(|text| text.span),
            Some(b'{') => return self.members(|scanner, _| scanner.value().map(drop)),
            Some(b'[') => self.array()?,
            Some(b'-' | b'0'..=b'9') => self.number()?,
            Some(b't') => self.word(b"true")?,
            Some(b'f') => self.word(b"false")?,
            Some(b'n') => self.word(b"null")?,
            _ => return self.fault(),
        }
        Ok(self.span(start))
    }

    /// Reads any value, and returns it if it is a string.
    pub(crate) fn text_value(&mut self) -> Result<Option<Text<'a>>, Fault> {
        if self.peek() == Some(b'"') { self.text().map(Some) } else { self.value().map(|_| None) }
    }

    /// Reads a string.
    pub(crate) fn text(&mut self) -> Result<Text<'a>, Fault> {
        let start = self.at;
        self.expect(b'"')?;
        let mut escaped = false;
        loop {
            let rest = self.bytes.get(self.at..).unwrap_or_default();
            self.at += plain_run(rest);
            match self.peek() {
                Some(b'"') => break,
                Some(b'\\') => self.escape()?,
                _ => return self.fault(),
            }
            escaped = true;
        }
        self.at += 1;
        let span = self.span(start);
        Ok(Text { span, quoted: span.of(self.bytes), escaped })
    }

    fn escape(&mut self) -> Result<(), Fault> {
        self.at += 1;
        match self.peek() {
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => self.at += 1,
            Some(b'u') => {
                let digits = self.bytes.get(self.at + 1..self.at + 5);
                if !digits.is_some_and(|d| d.iter().all(u8::is_ascii_hexdigit)) {
                    return self.fault();
                }
                self.at += 5;
            }
            _ => return self.fault(),
        }
        Ok(())
    }

    fn array(&mut self) -> Result<(), Fault> {
        self.enter(b'[')?;
        if self.leave_if(b']') {
            return Ok(());
        }
        loop {
            self.value()?;
            if self.next_or_leave(b']')? {
                return Ok(());
            }
        }
    }

    fn number(&mut self) -> Result<(), Fault> {
        if self.peek() == Some(b'-') {
            self.at += 1;
        }
        match self.peek() {
            Some(b'0') => self.at += 1,
            _ => self.digits()?,
        }
        if self.peek() == Some(b'.') {
            self.at += 1;
            self.digits()?;
        }
        if let Some(b'e' | b'E') = self.peek() {
            self.at += 1;
            if let Some(b'+' | b'-') = self.peek() {
                self.at += 1;
            }
            self.digits()?;
        }
        Ok(())
    }

    fn digits(&mut self) -> Result<(), Fault> {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        match rest.iter().take_while(|byte| byte.is_ascii_digit()).count() {
            0 => self.fault(),
            count => {
                self.at += count;
                Ok(())
            }
        }
    }

    fn word(&mut self, word: &[u8]) -> Result<(), Fault> {
        if !self.bytes.get(self.at..).is_some_and(|rest| rest.starts_with(word)) {
            return self.fault();
        }
        self.at += word.len();
        Ok(())
    }

    fn enter(&mut self, open: u8) -> Result<(), Fault> {
        self.expect(open)?;
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(Fault::Deep);
        }
        self.skip_space();
        Ok(())
    }

    fn leave_if(&mut self, close: u8) -> bool {
        let closes = self.peek() == Some(close);
        if closes {
            self.at += 1;
            self.depth -= 1;
        }
        closes
    }

    /// After a member or an element: `true` if the container ends here, `false` if another one follows.
    fn next_or_leave(&mut self, close: u8) -> Result<bool, Fault> {
        self.skip_space();
        if self.leave_if(close) {
            return Ok(true);
        }
        self.expect(b',')?;
        self.skip_space();
        Ok(false)
    }

    fn expect(&mut self, byte: u8) -> Result<(), Fault> {
        if self.peek() != Some(byte) {
            return self.fault();
        }
        self.at += 1;
        Ok(())
    }

    fn skip_space(&mut self) {
        while let Some(b' ' | b'\n' | b'\r' | b'\t') = self.peek() {
            self.at += 1;
        }
    }

    fn fault<T>(&self) -> Result<T, Fault> {
        Err(Fault::Syntax(self.at))
    }

    /// From `start` to here. The document's length fits `u32`: the caller checked it.
    fn span(&self, start: usize) -> Span {
        Span { start: start as u32, end: self.at as u32 }
    }
}

#[cfg(test)]
mod tests;
