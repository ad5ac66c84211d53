//! What functions and workers say: decided by the question alone, so that it is the same on every
//! run.

use moment::Random;
use serde_json::{Value, json};

/// An answer, and how long it takes.
pub(super) struct Said {
    pub(super) after_ms: i64,
    /// `None`: silence. An error has a name and a message.
    pub(super) what: Option<Result<Value, (String, String)>>,
}

/// Which of the answers to one question.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    /// Of the function that is called.
    Call = 1,
    /// Of the worker who holds a token.
    Token = 2,
    /// Whether that worker is faster than the function.
    Early = 3,
}

pub(super) fn say(answers: u64, payload: &Value, part: Part) -> Said {
    let mut random = random_of(answers, payload, part);
    let after_ms = [0, 0, 1_000, 2_000][random.below(4) as usize];
    let what = match random.below(100) {
        0..8 if payload["t"] == true => None,
        0..30 => Some(Err((["E1", "E2"][random.below(2) as usize].into(), "it failed".into()))),
        _ => Some(Ok(json!({ "n": random.below(10), "s": payload["s"] }))),
    };
    Said { after_ms, what }
}

/// Whether the worker answers before the function that gave it the token does.
pub(super) fn is_early(answers: u64, payload: &Value) -> bool {
    random_of(answers, payload, Part::Early).below(4) == 0
}

/// A rank that puts things that may happen at the same time into an order.
pub(super) fn rank(answers: u64, payload: &Value) -> u64 {
    random_of(answers, payload, Part::Call).next_u64()
}

fn random_of(answers: u64, payload: &Value, part: Part) -> Random {
    let mut payload = payload.clone();
    if let Some(members) = payload.as_object_mut() {
        members.remove("k");
    }
    // FNV-1a, since its results stay the same over versions of the compiler.
    let mut hash = 0xCBF2_9CE4_8422_2325 ^ answers;
    for byte in payload.to_string().bytes() {
        hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01B3);
    }
    Random::new(hash.wrapping_mul(part as u64))
}
