//! What a disk keeps: files, their durable content, and what a power cut leaves of the rest.
//!
//! Pure: no SQLite, no lock, no clock. One value is one state of the disk; a clone is an image.
//! Names and contents are apart, as on a file system: a name leads to a body, and making or deleting a
//! name is pending until the directory is synced, whatever happens to the body meanwhile.

use crate::rng::Rng;
use std::{collections::BTreeMap, ops::Range, sync::Arc};

/// What survives or is lost as one piece.
pub const SECTOR: usize = 512;

/// One step that changes the disk. The same steps in the same order make the same disk.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Op {
    /// A new, empty file under this name.
    Create {
        /// Its name.
        name: String,
    },
    /// The name goes away; whoever has the file open keeps it.
    Delete {
        /// Its name.
        name: String,
    },
    /// Every name is durable now.
    SyncDirectory,
    /// Everything written to this file is durable now.
    Sync {
        /// Which body.
        file: u64,
    },
    /// The sync was answered with success and did nothing.
    SyncLied,
    /// The sync failed: what was pending is there or not, and no later sync will bring it.
    SyncFailed {
        /// Which body.
        file: u64,
        /// What decides which sectors are there.
        seed: u64,
    },
    /// The file is as long as this now.
    Truncate {
        /// Which body.
        file: u64,
        /// Its new length.
        length: usize,
    },
    /// Bytes at a place.
    Write {
        /// Which body.
        file: u64,
        /// Where.
        offset: usize,
        /// What.
        data: Arc<[u8]>,
    },
}

#[derive(Clone, Debug)]
enum Pending {
    Truncate(usize),
    Write(usize, Arc<[u8]>),
}

/// One file's content. Both contents are shared between images until somebody writes.
#[derive(Clone, Default, Debug)]
struct Body {
    current: Arc<Vec<u8>>,
    durable: Arc<Vec<u8>>,
    pending: Vec<Pending>,
}

/// What a power cut did.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Cut {
    /// Un-synced sectors that survived.
    pub kept_sectors: u64,
    /// Un-synced sectors that are gone.
    pub lost_sectors: u64,
    /// Writes of which one part survived and another did not.
    pub torn_writes: u64,
    /// Names whose making or deleting is gone.
    pub lost_names: u64,
}

/// How hard a power cut is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Survival {
    /// In how many of ten cases an un-synced sector, truncation or name survives.
    pub of_ten: u32,
    /// The file system had grown the file before the data came: what was lost there is garbage.
    pub garbage_tail: bool,
}

impl Survival {
    /// One of the three that are drawn: nothing survives, half, nearly everything.
    pub fn drawn(rng: &mut Rng) -> Survival {
        let of_ten = [0, 5, 9].get(rng.place(3)).copied().unwrap_or(0);
        Survival {
            of_ten,
            garbage_tail: false,
        }
    }

    fn survives(self, rng: &mut Rng) -> bool {
        rng.below(10) < u64::from(self.of_ten)
    }
}

/// A disk's state.
#[derive(Clone, Default, Debug)]
pub struct Model {
    bodies: BTreeMap<u64, Body>,
    names: BTreeMap<String, u64>,
    durable_names: BTreeMap<String, u64>,
    pending_names: Vec<(String, Option<u64>)>,
    next: u64,
}

impl Model {
    /// The file of this name, if there is one.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<u64> {
        self.names.get(name).copied()
    }

    /// Every name.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.names.keys().map(String::as_str)
    }

    /// How long a file is.
    #[must_use]
    pub fn length(&self, file: u64) -> usize {
        self.bodies.get(&file).map_or(0, |body| body.current.len())
    }

    /// How many bytes all named files have.
    #[must_use]
    pub fn used(&self) -> usize {
        self.names.values().map(|file| self.length(*file)).sum()
    }

    /// Writes, truncations and names that a power cut could still undo.
    #[must_use]
    pub fn pending(&self) -> usize {
        let bodies: usize = self.bodies.values().map(|body| body.pending.len()).sum();
        bodies + self.pending_names.len()
    }

    /// A file's content as the running system sees it.
    #[must_use]
    pub fn content(&self, file: u64) -> Option<&[u8]> {
        self.bodies.get(&file).map(|body| body.current.as_slice())
    }

    /// Copies what is there into `to` and tells how much that was.
    #[must_use]
    pub fn read(&self, file: u64, offset: usize, to: &mut [u8]) -> usize {
        let there = self.bodies.get(&file).map(|body| body.current.as_slice());
        let from = there.and_then(|all| all.get(offset..)).unwrap_or(&[]);
        let length = from.len().min(to.len());
        if let Some((to, from)) = to.get_mut(..length).zip(from.get(..length)) {
            to.copy_from_slice(from);
        }
        length
    }

    /// A file that has no name: it is gone with whoever made it.
    pub fn nameless(&mut self) -> u64 {
        let file = self.next;
        self.next += 1;
        self.bodies.insert(file, Body::default());
        file
    }

    /// Does one step.
    pub fn apply(&mut self, op: &Op) {
        match op {
            Op::Create { name } => {
                let file = self.nameless();
                self.names.insert(name.clone(), file);
                self.pending_names.push((name.clone(), Some(file)));
            }
            Op::Delete { name } => {
                self.names.remove(name);
                self.pending_names.push((name.clone(), None));
            }
            Op::SyncDirectory => {
                self.pending_names.clear();
                self.durable_names = self.names.clone();
            }
            Op::SyncLied => {}
            Op::Sync { file } => {
                if let Some(body) = self.bodies.get_mut(file) {
                    body.settle();
                }
            }
            Op::SyncFailed { file, seed } => {
                let mut rng = Rng::new(*seed);
                let survival = Survival::drawn(&mut rng);
                if let Some(body) = self.bodies.get_mut(file) {
                    body.lose(&mut rng, survival, &mut Cut::default());
                }
            }
            Op::Truncate { file, length } => {
                if let Some(body) = self.bodies.get_mut(file) {
                    Arc::make_mut(&mut body.current).resize(*length, 0);
                    body.pending.push(Pending::Truncate(*length));
                }
            }
            Op::Write { file, offset, data } => {
                if let Some(body) = self.bodies.get_mut(file) {
                    put(Arc::make_mut(&mut body.current), *offset, data);
                    body.pending.push(Pending::Write(*offset, Arc::clone(data)));
                }
            }
        }
    }

    /// The power goes: what was not synced survives by chance, sector by sector, name by name.
    pub fn power_cut(&mut self, rng: &mut Rng, survival: Survival) -> Cut {
        let mut cut = Cut::default();
        for body in self.bodies.values_mut() {
            body.lose(rng, survival, &mut cut);
            body.current = Arc::clone(&body.durable);
        }
        // Of the changes of one name a beginning survives; different names are independent.
        let mut stopped: Vec<String> = Vec::new();
        for (name, file) in std::mem::take(&mut self.pending_names) {
            if stopped.contains(&name) || !survival.survives(rng) {
                cut.lost_names += 1;
                stopped.push(name);
            } else if let Some(file) = file {
                self.durable_names.insert(name, file);
            } else {
                self.durable_names.remove(&name);
            }
        }
        self.names = self.durable_names.clone();
        self.forget_unnamed(&[]);
        cut
    }

    /// Drops bodies that no name leads to any more, now or after a power cut, and nobody has open.
    pub fn forget_unnamed(&mut self, open: &[u64]) {
        let (names, durable, pending) = (&self.names, &self.durable_names, &self.pending_names);
        self.bodies.retain(|file, _| {
            open.contains(file)
                || names.values().any(|named| named == file)
                || durable.values().any(|named| named == file)
                || pending.iter().any(|(_, named)| *named == Some(*file))
        });
    }

    /// Turns one durable bit of a file; where, or `None` when nothing is durable.
    pub fn rot(&mut self, rng: &mut Rng, file: u64) -> Option<(usize, u8)> {
        let body = self.bodies.get_mut(&file)?;
        let place = rng.place(body.durable.len());
        let bit = u8::try_from(rng.below(8)).unwrap_or(0);
        *Arc::make_mut(&mut body.durable).get_mut(place)? ^= 1 << bit;
        if let Some(byte) = Arc::make_mut(&mut body.current).get_mut(place) {
            *byte ^= 1 << bit;
        }
        Some((place, bit))
    }
}

impl Body {
    fn settle(&mut self) {
        if self.pending.is_empty() {
            return;
        }
        let durable = Arc::make_mut(&mut self.durable);
        for pending in self.pending.drain(..) {
            match pending {
                Pending::Truncate(length) => durable.resize(length, 0),
                Pending::Write(offset, data) => put(durable, offset, &data),
            }
        }
    }

    fn lose(&mut self, rng: &mut Rng, survival: Survival, cut: &mut Cut) {
        if self.pending.is_empty() {
            return;
        }
        let durable = Arc::make_mut(&mut self.durable);
        for pending in self.pending.drain(..) {
            match pending {
                Pending::Truncate(length) => {
                    if survival.survives(rng) {
                        durable.resize(length, 0);
                    }
                }
                Pending::Write(offset, data) => {
                    let (kept, lost) = (cut.kept_sectors, cut.lost_sectors);
                    for piece in sectors(offset, data.len()) {
                        let Some(bytes) = data.get(piece.clone()) else {
                            continue;
                        };
                        let place = offset + piece.start;
                        if survival.survives(rng) {
                            cut.kept_sectors += 1;
                            put(durable, place, bytes);
                            continue;
                        }
                        cut.lost_sectors += 1;
                        if survival.garbage_tail && place >= durable.len() {
                            let garbage: Vec<u8> = bytes.iter().map(|_| rng.bytes()[0]).collect();
                            put(durable, place, &garbage);
                        }
                    }
                    if cut.kept_sectors > kept && cut.lost_sectors > lost {
                        cut.torn_writes += 1;
                    }
                }
            }
        }
    }
}

fn put(content: &mut Vec<u8>, offset: usize, data: &[u8]) {
    let end = offset + data.len();
    if content.len() < end {
        content.resize(end, 0);
    }
    if let Some(place) = content.get_mut(offset..end) {
        place.copy_from_slice(data);
    }
}

/// The parts of a write that lie in one sector each, counted from the write's own beginning.
fn sectors(offset: usize, length: usize) -> impl Iterator<Item = Range<usize>> {
    let mut start = 0;
    std::iter::from_fn(move || {
        if start >= length {
            return None;
        }
        let until_boundary = SECTOR - (offset + start) % SECTOR;
        let piece = start..length.min(start + until_boundary);
        start = piece.end;
        Some(piece)
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
mod tests {
    use super::*;

    const NOTHING: Survival = Survival {
        of_ten: 0,
        garbage_tail: false,
    };
    const EVERYTHING: Survival = Survival {
        of_ten: 10,
        garbage_tail: false,
    };

    fn create(model: &mut Model, name: &str) -> u64 {
        model.apply(&Op::Create {
            name: name.to_owned(),
        });
        model.find(name).unwrap()
    }

    fn write(model: &mut Model, file: u64, offset: usize, data: &[u8]) {
        model.apply(&Op::Write {
            file,
            offset,
            data: data.into(),
        });
    }

    #[test]
    fn what_is_synced_survives_and_the_rest_does_not() {
        let mut model = Model::default();
        let file = create(&mut model, "db");
        write(&mut model, file, 0, &[1; 1024]);
        model.apply(&Op::Sync { file });
        model.apply(&Op::SyncDirectory);
        write(&mut model, file, 512, &[2; 1024]);
        assert_eq!(model.length(file), 1536);
        let cut = model.power_cut(&mut Rng::new(1), NOTHING);
        assert_eq!(model.content(file).unwrap(), [1; 1024]);
        assert_eq!((cut.lost_sectors, cut.kept_sectors), (2, 0));
        assert_eq!(model.pending(), 0);
    }

    #[test]
    fn a_name_is_lost_with_its_synced_content_until_the_directory_is_synced() {
        let mut model = Model::default();
        let file = create(&mut model, "wal");
        write(&mut model, file, 0, &[1; 10]);
        model.apply(&Op::Sync { file });
        let mut early = model.clone();
        assert_eq!(early.power_cut(&mut Rng::new(1), NOTHING).lost_names, 1);
        assert_eq!(early.find("wal"), None);
        model.apply(&Op::SyncDirectory);
        model.power_cut(&mut Rng::new(1), NOTHING);
        assert_eq!(model.content(file).unwrap(), [1; 10]);
    }

    #[test]
    fn a_deleted_name_comes_back_and_never_a_later_change_without_an_earlier_one() {
        let mut model = Model::default();
        let old = create(&mut model, "wal");
        write(&mut model, old, 0, &[1]);
        model.apply(&Op::Sync { file: old });
        model.apply(&Op::SyncDirectory);
        model.apply(&Op::Delete {
            name: "wal".to_owned(),
        });
        assert_eq!(model.find("wal"), None);
        let new = create(&mut model, "wal");
        let mut seen = [0; 3];
        for seed in 0..300 {
            let mut image = model.clone();
            let half = Survival {
                of_ten: 5,
                garbage_tail: false,
            };
            image.power_cut(&mut Rng::new(seed), half);
            let place = match image.find("wal") {
                Some(file) if file == old => 0,
                None => 1,
                Some(file) => {
                    assert_eq!(file, new);
                    2
                }
            };
            seen[place] += 1;
        }
        assert!(seen.iter().all(|count| *count > 30), "{seen:?}");
    }

    #[test]
    fn a_write_is_torn_at_sectors_and_nowhere_else() {
        let mut model = Model::default();
        let file = create(&mut model, "db");
        write(&mut model, file, 0, &[1; 4096]);
        model.apply(&Op::Sync { file });
        model.apply(&Op::SyncDirectory);
        write(&mut model, file, 24, &[2; 4072]);
        let mut torn = 0;
        for seed in 0..50 {
            let mut image = model.clone();
            let survival = Survival::drawn(&mut Rng::new(seed));
            torn += image.power_cut(&mut Rng::new(seed), survival).torn_writes;
            let content = image.content(file).unwrap();
            assert_eq!(content[..24], [1; 24]);
            for sector in content[24..512]
                .chunks(488)
                .chain(content[512..].chunks(SECTOR))
            {
                assert!(sector.iter().all(|byte| *byte == sector[0]));
            }
        }
        assert!(torn > 10, "{torn}");
    }

    #[test]
    fn a_failed_sync_is_not_mended_by_a_later_one() {
        let mut model = Model::default();
        let file = create(&mut model, "db");
        model.apply(&Op::SyncDirectory);
        write(&mut model, file, 0, &[7; 5120]);
        let seed = (0..).find(|seed| Survival::drawn(&mut Rng::new(*seed)) == NOTHING);
        let seed = seed.unwrap();
        model.apply(&Op::SyncFailed { file, seed });
        model.apply(&Op::Sync { file });
        assert_eq!(model.content(file).unwrap(), [7; 5120]);
        model.power_cut(&mut Rng::new(1), EVERYTHING);
        assert_eq!(model.length(file), 0);
    }

    #[test]
    fn a_lying_sync_leaves_everything_pending() {
        let mut model = Model::default();
        let file = create(&mut model, "db");
        model.apply(&Op::SyncDirectory);
        write(&mut model, file, 0, &[7; 512]);
        model.apply(&Op::SyncLied);
        assert_eq!(model.pending(), 1);
        model.power_cut(&mut Rng::new(1), NOTHING);
        assert_eq!(model.length(file), 0);
    }

    #[test]
    fn the_same_steps_make_the_same_image() {
        let mut one = Model::default();
        let file = create(&mut one, "db");
        for n in 0..40_u8 {
            write(&mut one, file, usize::from(n) * 300, &[n; 700]);
        }
        let mut two = one.clone();
        let survival = Survival {
            of_ten: 5,
            garbage_tail: true,
        };
        one.power_cut(&mut Rng::new(9), survival);
        two.power_cut(&mut Rng::new(9), survival);
        assert_eq!(one.content(file), two.content(file));
    }

    #[test]
    fn rot_turns_one_durable_bit() {
        let mut model = Model::default();
        let file = create(&mut model, "db");
        assert_eq!(model.rot(&mut Rng::new(1), file), None);
        write(&mut model, file, 0, &[0; 100]);
        model.apply(&Op::Sync { file });
        let (place, bit) = model.rot(&mut Rng::new(1), file).unwrap();
        let content = model.content(file).unwrap();
        assert_eq!(content[place], 1 << bit);
        assert_eq!(content.iter().map(|byte| byte.count_ones()).sum::<u32>(), 1);
    }
}
