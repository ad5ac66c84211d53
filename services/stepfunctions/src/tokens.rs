//! Task tokens: signed, so that a forged one is refused without a read and a real one says where
//! its task is. They hold no state; the task's frame decides whether they are still good.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, Mac};
use sha2::Sha256;
use workflow::execution::FrameId;

use crate::records::{ExecutionId, name_digest};

const VERSION: u8 = 1;
const BODY_BYTES: usize = 33;
const MAC_BYTES: usize = 16;

/// Where a token's task is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) id: ExecutionId,
    pub(crate) frame: FrameId,
    pub(crate) attempt: u32,
}

/// Mints and reads tokens with this server's secret.
#[derive(Clone)]
pub(crate) struct Tokens {
    secret: [u8; 32],
}

impl Tokens {
    pub(crate) fn new(secret: [u8; 32]) -> Tokens {
        Tokens { secret }
    }

    /// The token of an attempt in an account and region; an activity's worker gets one that tells
    /// which activity it was.
    pub(crate) fn mint(
        &self,
        (account, region): (&str, &str),
        place: Place,
        activity_arn: Option<&str>,
    ) -> String {
        let mut token = Vec::with_capacity(BODY_BYTES + MAC_BYTES);
        token.push(VERSION);
        token.extend_from_slice(&owner(account, region));
        token.extend_from_slice(&place.id.to_be_bytes());
        token.extend_from_slice(&place.frame.to_be_bytes());
        token.extend_from_slice(&place.attempt.to_be_bytes());
        token.extend_from_slice(&activity_arn.map_or([0; 8], activity_mark));
        let mac = self.mac(&token);
        token.extend_from_slice(&mac);
        URL_SAFE_NO_PAD.encode(token)
    }

    /// The place of a token of ours, or `None` when it is forged, garbled or another region's
    /// (SFN-INT-146).
    pub(crate) fn read(&self, account: &str, region: &str, token: &str) -> Option<Place> {
        let bytes = URL_SAFE_NO_PAD.decode(token).ok()?;
        let (body, mac) = bytes.split_at_checked(BODY_BYTES)?;
        let ours = subtle::ConstantTimeEq::ct_eq(mac, self.mac(body).as_slice());
        if !bool::from(ours) || body.get(1..9)? != owner(account, region) {
            return None;
        }
        Some(Place {
            id: u64::from_be_bytes(body.get(9..17)?.try_into().ok()?),
            frame: u32::from_be_bytes(body.get(17..21)?.try_into().ok()?),
            attempt: u32::from_be_bytes(body.get(21..25)?.try_into().ok()?),
        })
    }

    /// The activity of a token that [`Tokens::read`] accepted.
    pub(crate) fn activity_mark(token: &str) -> Option<[u8; 8]> {
        let bytes = URL_SAFE_NO_PAD.decode(token).ok()?;
        let mark: [u8; 8] = bytes.get(BODY_BYTES - 8..BODY_BYTES)?.try_into().ok()?;
        (mark != [0; 8]).then_some(mark)
    }

    fn mac(&self, body: &[u8]) -> [u8; MAC_BYTES] {
        let mut mac =
            Hmac::<Sha256>::new_from_slice(&self.secret).expect("HMAC takes keys of any length");
        mac.update(body);
        let mut short = [0; MAC_BYTES];
        for (to, from) in short.iter_mut().zip(mac.finalize().into_bytes()) {
            *to = from;
        }
        short
    }
}

/// Eight bytes that stand for an activity.
pub(crate) fn activity_mark(arn: &str) -> [u8; 8] {
    owner(arn, "")
}

fn owner(account: &str, region: &str) -> [u8; 8] {
    let mut owner = [0; 8];
    for (to, from) in owner.iter_mut().zip(name_digest(&[account, region])) {
        *to = from;
    }
    owner
}

#[cfg(test)]
mod tests {
    use super::*;

    // SFN-INT-140, SFN-INT-146
    #[test]
    fn reads_its_own_and_nothing_else() {
        let tokens = Tokens::new([7; 32]);
        let place = Place { id: 99, frame: 3, attempt: 2 };
        let token = tokens.mint(("000000000000", "us-east-1"), place, None);
        assert_eq!(Tokens::activity_mark(&token), None);
        let leased = tokens.mint(("000000000000", "us-east-1"), place, Some("arn"));
        assert_eq!(tokens.read("000000000000", "us-east-1", &leased), Some(place));
        assert_eq!(Tokens::activity_mark(&leased), Some(activity_mark("arn")));
        assert_eq!(tokens.read("000000000000", "us-east-1", &token), Some(place));
        assert_eq!(tokens.read("000000000000", "eu-west-1", &token), None);
        assert_eq!(tokens.read("111111111111", "us-east-1", &token), None);
        assert_eq!(Tokens::new([8; 32]).read("000000000000", "us-east-1", &token), None);
        for place in 0..token.len() {
            let mut forged = token.clone().into_bytes();
            forged[place] = if forged[place] == b'A' { b'B' } else { b'A' };
            let forged = String::from_utf8(forged).unwrap();
            assert_eq!(tokens.read("000000000000", "us-east-1", &forged), None, "{forged}");
        }
        assert_eq!(tokens.read("000000000000", "us-east-1", "NoToken"), None);
    }
}
