//! A simple mutator: bytes, bits, numbers, tokens, and parts of other inputs. It knows no coverage, so it keeps
//! close to genuine inputs and now and then goes on from one of its own.

/// Bytes that parsers care about.
const TOKENS: [&[u8]; 40] = [
    b"{",
    b"}",
    b"[",
    b"]",
    b"\"",
    b":",
    b",",
    b"\\",
    b"\\u0000",
    b"\\ud800",
    b"null",
    b"true",
    b"-1",
    b"1e9",
    b"0.00",
    b"9223372036854775807",
    b"-9223372036854775808",
    b"18446744073709551616",
    b"\0",
    b"\xff\xfe",
    b"\xef\xbb\xbf",
    b"\r\n",
    b"\n",
    b"\t",
    b"`",
    b",`",
    b"#",
    b"=",
    b"&",
    b"%",
    b"%2B",
    b"+",
    b"..",
    b"/",
    b"PK\x03\x04",
    b"PK\x01\x02",
    b"PK\x05\x06",
    b"\x1f\x8b\x08",
    b"-----BEGIN ",
    b"-----END ",
];
/// Inputs of its own that are kept.
const KEPT_MAX: usize = 64;
/// Larger inputs only take longer.
const LENGTH_MAX: usize = 256 * 1024;

/// The mutator, with the inputs it begins from.
pub struct Mutator {
    seeds: Vec<Vec<u8>>,
    kept: Vec<Vec<u8>>,
    state: u64,
}

impl Mutator {
    /// Of these inputs; the same seed gives the same inputs.
    #[must_use]
    pub fn new(seeds: Vec<Vec<u8>>, seed: u64) -> Mutator {
        Mutator {
            seeds: if seeds.is_empty() {
                vec![Vec::new()]
            } else {
                seeds
            },
            kept: Vec::new(),
            state: seed,
        }
    }

    fn random(&mut self) -> u64 {
        // SplitMix64.
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, end: usize) -> usize {
        (self.random() as usize).checked_rem(end).unwrap_or(0)
    }

    /// The next input.
    pub fn next_input(&mut self) -> Vec<u8> {
        let from_kept = !self.kept.is_empty() && self.below(4) == 0;
        let mut input = if from_kept {
            let at = self.below(self.kept.len());
            self.kept[at].clone()
        } else {
            let at = self.below(self.seeds.len());
            self.seeds[at].clone()
        };
        for _ in 0..1 + self.below(5) {
            self.change(&mut input);
        }
        input.truncate(LENGTH_MAX);
        if self.below(256) == 0 {
            if self.kept.len() < KEPT_MAX {
                self.kept.push(input.clone());
            } else {
                let at = self.below(KEPT_MAX);
                self.kept[at].clone_from(&input);
            }
        }
        input
    }

    fn change(&mut self, input: &mut Vec<u8>) {
        let at = self.below(input.len() + 1);
        let kind = self.below(12);
        if at >= input.len() && kind < 6 {
            return;
        }
        match kind {
            0 | 1 => input[at] ^= 1 << self.below(8),
            2 => input[at] = self.random() as u8,
            3 => drop(input.remove(at)),
            4 => {
                let end = (at + 1 + self.below(32)).min(input.len());
                input.drain(at..end);
            }
            5 => {
                let end = (at + 1 + self.below(64)).min(input.len());
                let part = input[at..end].repeat(1 + self.below(8));
                input.splice(at..at, part);
            }
            6 => input.insert(at, self.random() as u8),
            7 | 8 => {
                let token = TOKENS[self.below(TOKENS.len())];
                let over = self.below(2) * token.len().min(input.len() - at);
                input.splice(at..at + over, token.iter().copied());
            }
            9 => {
                let digits = (self.random() >> self.below(64)).to_string();
                input.splice(at..at, digits.into_bytes());
            }
            10 => {
                let from = self.below(self.seeds.len());
                let other = &self.seeds[from];
                let (length, state) = (other.len(), self.state as usize);
                let start = state.checked_rem(length + 1).unwrap_or(0);
                let end = (start + 1 + (state >> 20) % 200).min(length);
                let part = other[start..end].to_vec();
                input.splice(at..at, part);
            }
            _ => input.truncate(at),
        }
    }
}
