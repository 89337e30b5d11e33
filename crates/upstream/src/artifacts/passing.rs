//! Passing an upstream's bytes on without keeping them, checked on the way.

use std::time::Duration;

use bytes::Bytes;
use futures_util::{Stream, StreamExt, stream};
use tokio::sync::mpsc;

use super::integrity::Verifier;
use crate::error::{FetchError, Unavailable};

/// Pieces that wait for the client.
const AHEAD: usize = 4;
/// A client that takes nothing for so long is given up: it holds a connection to the upstream.
pub(super) const STALL: Duration = Duration::from_secs(60);

enum Message {
    Piece(Bytes),
    End,
    Failed(FetchError),
}

/// Passes `from` on without its first `skip` bytes. With a verifier, the last piece is held back until the whole is
/// known to be right: who gets a wrong file never gets all of it.
///
/// A task of its own reads, so that a client which stops reading gives the connection back after `stall`.
pub(super) fn pass<S>(
    from: S,
    verifier: Option<Verifier>,
    skip: u64,
    stall: Duration,
) -> impl Stream<Item = Result<Bytes, FetchError>> + Send + use<S>
where
    S: Stream<Item = Result<Bytes, FetchError>> + Send + Unpin + 'static,
{
    let (to, pieces) = mpsc::channel(AHEAD);
    tokio::spawn(async move {
        let mut outlet = Outlet { to, skip, stall };
        let last = match pump(from, verifier, &mut outlet).await {
            Ok(()) => Message::End,
            Err(Stopped::Failed(error)) => Message::Failed(error),
            // Nobody reads: dropping the channel tells the rest.
            Err(Stopped::ByReader) => return,
        };
        // The same: nobody may be there any more.
        let _ = outlet.to.send_timeout(last, stall).await;
    });
    // The end has to be said: a channel that is only closed was given up.
    stream::unfold(Some(pieces), |pieces| async move {
        let mut pieces = pieces?;
        match pieces.recv().await {
            Some(Message::Piece(piece)) => Some((Ok(piece), Some(pieces))),
            Some(Message::End) => None,
            Some(Message::Failed(error)) => Some((Err(error), None)),
            None => Some((Err(FetchError::Unavailable(Unavailable::Truncated)), None)),
        }
    })
}

enum Stopped {
    ByReader,
    Failed(FetchError),
}

struct Outlet {
    to: mpsc::Sender<Message>,
    skip: u64,
    stall: Duration,
}

impl Outlet {
    async fn send(&mut self, mut piece: Bytes) -> Result<(), Stopped> {
        let skipped = usize::try_from(self.skip).unwrap_or(usize::MAX).min(piece.len());
        self.skip -= skipped as u64;
        let piece = piece.split_off(skipped);
        if piece.is_empty() {
            return Ok(());
        }
        self.to.send_timeout(Message::Piece(piece), self.stall).await.map_err(|_| Stopped::ByReader)
    }
}

async fn pump<S>(mut from: S, verifier: Option<Verifier>, outlet: &mut Outlet) -> Result<(), Stopped>
where
    S: Stream<Item = Result<Bytes, FetchError>> + Unpin,
{
    let Some(mut verifier) = verifier else {
        while let Some(piece) = from.next().await {
            outlet.send(piece.map_err(Stopped::Failed)?).await?;
        }
        return Ok(());
    };
    let mut held = Bytes::new();
    while let Some(piece) = from.next().await {
        let piece = piece.map_err(Stopped::Failed)?;
        verifier.update(&piece);
        outlet.send(std::mem::replace(&mut held, piece)).await?;
    }
    if !verifier.holds() {
        return Err(Stopped::Failed(mismatch()));
    }
    outlet.send(held).await
}

/// The upstream's bytes are not what its document says.
pub(super) fn mismatch() -> FetchError {
    FetchError::Invalid("a file's bytes don't have the hash that its document gives".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::artifacts::Digest;
    use std::sync::Arc;

    const ABC: (&str, &str) = ("sha256", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");

    fn pieces(of: &[&'static str]) -> impl Stream<Item = Result<Bytes, FetchError>> + Send + Unpin + use<> {
        stream::iter(of.iter().map(|text| Ok(Bytes::from(*text))).collect::<Vec<_>>())
    }

    async fn passed(of: &[&'static str], skip: u64) -> (String, Option<FetchError>) {
        let verifier = Digest::from_hex([ABC]).unwrap().verifier();
        let mut out = Box::pin(pass(pieces(of), Some(verifier), skip, STALL));
        let mut text = String::new();
        while let Some(piece) = out.next().await {
            match piece {
                Ok(piece) => text.push_str(std::str::from_utf8(&piece).unwrap()),
                Err(error) => return (text, Some(error)),
            }
        }
        (text, None)
    }

    #[tokio::test]
    async fn the_last_piece_waits_for_the_check() {
        assert_eq!(passed(&["a", "b", "c"], 0).await, ("abc".into(), None));
        assert_eq!(passed(&["abc"], 0).await, ("abc".into(), None));
        assert_eq!(passed(&["a", "b", "d"], 0).await, ("ab".into(), Some(mismatch())));
        assert_eq!(passed(&["abd"], 0).await, (String::new(), Some(mismatch())));
        assert_eq!(passed(&[], 0).await, (String::new(), Some(mismatch())));
    }

    #[tokio::test]
    async fn skipped_bytes_are_checked_too() {
        assert_eq!(passed(&["ab", "c"], 1).await, ("bc".into(), None));
        assert_eq!(passed(&["ab", "c"], 2).await, ("c".into(), None));
        assert_eq!(passed(&["xb", "c"], 2).await, (String::new(), Some(mismatch())));
    }

    #[tokio::test(start_paused = true)]
    async fn a_client_that_takes_nothing_is_given_up_and_reads_no_end() {
        let holds = Arc::new(());
        let held = holds.clone();
        let endless = stream::repeat_with(move || {
            let _ = &held;
            Ok(Bytes::from("x"))
        });
        let mut out = Box::pin(pass(endless, None, 0, STALL));
        assert!(out.next().await.unwrap().is_ok());
        tokio::time::sleep(STALL * 2).await;
        assert_eq!(Arc::strong_count(&holds), 1, "the upstream's connection is given back");
        let mut last = out.next().await;
        while let Some(Ok(_)) = last {
            last = out.next().await;
        }
        assert!(last.unwrap().is_err());
    }
}
