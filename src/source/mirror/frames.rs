//! A server's answer in small frames.
//!
//! git packs up to 64 KiB into one frame, and what reads frames takes only whole ones: of a link that breaks within one, all of it
//! would be lost. So the frames that carry a pack are passed on in pieces, as they arrive.

use std::io::{self, BufRead, Cursor, Read};

/// Most bytes of a pack in one frame that is passed on.
const PIECE: usize = 4096;
/// A frame's length in hexadecimal stands before it and counts itself.
const LENGTH: usize = 4;
/// The line after which a pack comes, each frame with its band's number first.
const PACK_FOLLOWS: &[u8] = b"packfile\n";
/// The band of the pack itself.
const PACK_BAND: u8 = 1;

/// Passes on what it reads, frame by frame.
pub(super) struct Frames<R> {
    inner: R,
    /// What is to be passed on as it is.
    ready: Cursor<Vec<u8>>,
    has_bands: bool,
    /// How much of a frame of the pack is still to come.
    left: usize,
}

impl<R: BufRead> Frames<R> {
    pub(super) fn new(inner: R) -> Self {
        Self { inner, ready: Cursor::default(), has_bands: false, left: 0 }
    }

    fn next(&mut self) -> io::Result<Vec<u8>> {
        if self.left > 0 {
            return self.piece();
        }
        let mut frame = Vec::with_capacity(LENGTH);
        if (&mut self.inner).take(LENGTH as u64).read_to_end(&mut frame)? < LENGTH {
            // The end, or not quite: whoever reads frames will say what is wrong.
            return Ok(frame);
        }
        let text = std::str::from_utf8(&frame).ok();
        let Some(length) = text.and_then(|text| usize::from_str_radix(text, 16).ok()) else {
            return Ok(frame);
        };
        let Some(length) = length.checked_sub(LENGTH).filter(|length| *length > 0) else {
            // A mark without content: after it, what follows is plain.
            self.has_bands = false;
            return Ok(frame);
        };
        if self.has_bands {
            let mut band = [0];
            self.inner.read_exact(&mut band)?;
            if band[0] == PACK_BAND && length > 1 {
                self.left = length - 1;
                return self.piece();
            }
            frame.push(band[0]);
            (&mut self.inner).take(length as u64 - 1).read_to_end(&mut frame)?;
            return Ok(frame);
        }
        (&mut self.inner).take(length as u64).read_to_end(&mut frame)?;
        self.has_bands = &frame[LENGTH..] == PACK_FOLLOWS;
        Ok(frame)
    }

    /// Some bytes of the pack, in a frame of their own.
    fn piece(&mut self) -> io::Result<Vec<u8>> {
        let here = self.inner.fill_buf()?;
        let length = here.len().min(self.left).min(PIECE);
        if length == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let mut frame = format!("{:04x}", LENGTH + 1 + length).into_bytes();
        frame.push(PACK_BAND);
        frame.extend_from_slice(&here[..length]);
        self.inner.consume(length);
        self.left -= length;
        Ok(frame)
    }
}

impl<R: BufRead> Read for Frames<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let taken = self.fill_buf()?.read(into)?;
        self.consume(taken);
        Ok(taken)
    }
}

impl<R: BufRead> BufRead for Frames<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.ready.fill_buf()?.is_empty() {
            self.ready = Cursor::new(self.next()?);
        }
        self.ready.fill_buf()
    }

    fn consume(&mut self, amount: usize) {
        self.ready.consume(amount);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// What comes of a stream, and how it ended.
    fn pass(stream: &[u8], at_once: usize) -> (Vec<u8>, bool) {
        let mut out = Vec::new();
        let reader = io::BufReader::with_capacity(at_once, stream);
        let done = Frames::new(reader).read_to_end(&mut out);
        (out, done.is_ok())
    }

    fn frame(content: &[u8]) -> Vec<u8> {
        [format!("{:04x}", content.len() + 4).as_bytes(), content].concat()
    }

    /// The pack in a stream of frames, whatever their lengths.
    fn pack(mut stream: &[u8]) -> Vec<u8> {
        let mut found = Vec::new();
        while let Some((head, rest)) = stream.split_at_checked(4) {
            let length = usize::from_str_radix(std::str::from_utf8(head).unwrap(), 16).unwrap().max(4) - 4;
            let (content, rest) = rest.split_at(length);
            found.extend(content.strip_prefix(&[1]).unwrap_or_default());
            stream = rest;
        }
        found
    }

    fn answer(content: &[u8]) -> Vec<u8> {
        let banded = [&[1], content].concat();
        [
            frame(b"acknowledgments\n"),
            frame(b"ready\n"),
            b"0001".to_vec(),
            frame(b"packfile\n"),
            frame(&banded),
        ]
        .concat()
    }

    #[test]
    fn plain_answers_pass_unchanged() {
        let refs = [frame(b"0123 refs/heads/main\n"), frame(&[1; 9000]), b"0000".to_vec()].concat();
        assert_eq!(pass(&refs, 10), (refs.clone(), true));
        let garbage = b"<html>what is this?</html>";
        assert_eq!(pass(garbage, 7), (garbage.to_vec(), true));
    }

    #[test]
    fn a_pack_comes_in_pieces_and_its_words_do_not() {
        let content = vec![7; 60_000];
        let words = frame(b"\x02counting\n");
        let stream = [answer(&content), words.clone(), b"0000".to_vec()].concat();
        let (out, is_whole) = pass(&stream, 64 * 1024);
        assert!(is_whole);
        assert!(out.len() > stream.len(), "more frames than came");
        assert!(out.ends_with(&[words, b"0000".to_vec()].concat()));
        assert_eq!(pack(&out), content);
    }

    proptest! {
        #[test]
        fn of_a_frame_that_is_cut_all_that_came_is_passed_on(
            content in proptest::collection::vec(any::<u8>(), 1..20_000),
            missing in 1usize..30_000,
            at_once in 1usize..9000,
        ) {
            let whole = answer(&content);
            let missing = missing.min(content.len());
            let (out, is_whole) = pass(&whole[..whole.len() - missing], at_once);
            prop_assert!(!is_whole);
            prop_assert_eq!(pack(&out), &content[..content.len() - missing]);
        }

        #[test]
        fn any_bytes_are_passed_on_or_end_in_an_error(stream in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = pass(&stream, 16);
        }
    }
}
