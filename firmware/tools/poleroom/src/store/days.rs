//! JSON lines, one file a day.
//!
//! Promises: lines are durable when [`Days::append`] returns, all or none; after an error the same
//! call may be made again and writes no line twice. Refuses: to read more of a line than its record.

use std::fs::{self, File, OpenOptions};
use std::io::{BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use serde::Deserialize;
use wire::{BoxAddress, RecordId};

use crate::durable::{self, DiskError};

/// A folder of day files.
#[derive(Debug)]
pub(crate) struct Days {
    folder: PathBuf,
    today: Option<Day>,
    /// A file whose last append failed, and how much of it counts.
    torn: Option<(PathBuf, u64)>,
}

/// The file lines are appended to.
#[derive(Debug)]
struct Day {
    path: PathBuf,
    file: File,
    durable_bytes: u64,
}

/// What of a stored line is read again.
#[derive(Clone, Debug)]
pub(crate) struct Noted {
    pub(crate) address: BoxAddress,
    /// Whose number is a correction's first and a gap's last.
    pub(crate) record: RecordId,
    /// The number of the alarm before it in the same start, 0 for the first.
    pub(crate) previous: Option<u64>,
}

#[derive(Deserialize)]
struct Line<'a> {
    #[serde(borrow)]
    site: std::borrow::Cow<'a, str>,
    #[serde(borrow, rename = "box")]
    box_name: std::borrow::Cow<'a, str>,
    boot: u32,
    #[serde(alias = "first", alias = "to")]
    number: u64,
    #[serde(default)]
    previous: Option<u64>,
}

impl Days {
    /// Opens the folder and hands the records of all its lines to `note`, in no particular order.
    pub(crate) fn open(folder: PathBuf, mut note: impl FnMut(Noted)) -> Result<Self, DiskError> {
        durable::make_folder(&folder)?;
        let entries = fs::read_dir(&folder).map_err(DiskError::at("list", &folder))?;
        for entry in entries {
            let path = entry.map_err(DiskError::at("list", &folder))?.path();
            if path.extension().is_some_and(|extension| extension == "jsonl") {
                note_records(&path, &mut note)?;
            }
        }
        Ok(Self { folder, today: None, torn: None })
    }

    /// Appends lines to the file of `date` (`2026-11-23`) and makes them durable.
    pub(crate) fn append(&mut self, date: &str, lines: &[Vec<u8>]) -> Result<(), DiskError> {
        if lines.is_empty() {
            return Ok(());
        }
        let path = self.folder.join(date).with_extension("jsonl");
        let mut day = match self.today.take() {
            Some(day) if day.path == path => day,
            _ => Day::open(path, self.torn.as_ref())?,
        };
        self.torn = None;
        match day.append(lines) {
            Ok(()) => self.today = Some(day),
            Err(error) => {
                // The handle may be the trouble: the next call opens the file anew.
                self.torn = Some((day.path, day.durable_bytes));
                return Err(error);
            }
        }
        Ok(())
    }
}

impl Day {
    /// Opens a file and cuts off what was never durable: a torn line, or all of a failed append.
    fn open(path: PathBuf, torn: Option<&(PathBuf, u64)>) -> Result<Self, DiskError> {
        let opening = OpenOptions::new().read(true).append(true).create(true).open(&path);
        let mut file = opening.map_err(DiskError::at("open", &path))?;
        let whole_bytes = whole_lines(&mut file).map_err(DiskError::at("read", &path))?;
        let counts = torn.filter(|(torn_path, _)| *torn_path == path).map(|(_, bytes)| *bytes);
        let durable_bytes = whole_bytes.min(counts.unwrap_or(u64::MAX));
        file.set_len(durable_bytes).map_err(DiskError::at("cut", &path))?;
        durable::sync(&file, &path)?;
        path.parent().map_or(Ok(()), durable::sync_folder)?;
        Ok(Self { path, file, durable_bytes })
    }

    fn append(&mut self, lines: &[Vec<u8>]) -> Result<(), DiskError> {
        let bytes: Vec<u8> = lines.iter().flat_map(|line| [&line[..], b"\n"].concat()).collect();
        self.file.write_all(&bytes).map_err(DiskError::at("write", &self.path))?;
        durable::sync(&self.file, &self.path)?;
        self.durable_bytes += bytes.len() as u64;
        Ok(())
    }
}

/// The length up to and including the last line end.
fn whole_lines(file: &mut File) -> std::io::Result<u64> {
    const STEP: u64 = 4096;
    let mut end = file.seek(SeekFrom::End(0))?;
    while end > 0 {
        let start = end.saturating_sub(STEP);
        let mut block = vec![0; (end - start) as usize];
        file.seek(SeekFrom::Start(start))?;
        file.read_exact(&mut block)?;
        if let Some(place) = block.iter().rposition(|byte| *byte == b'\n') {
            return Ok(start + place as u64 + 1);
        }
        end = start;
    }
    Ok(0)
}

/// A line that cannot be read is left alone: it was not written by this program, or the disk hurt it.
fn note_records(path: &Path, note: &mut impl FnMut(Noted)) -> Result<(), DiskError> {
    let file = File::open(path).map_err(DiskError::at("open", path))?;
    let mut reader = BufReader::with_capacity(1 << 16, file);
    let mut bytes = Vec::new();
    loop {
        bytes.clear();
        let length = reader.read_until(b'\n', &mut bytes).map_err(DiskError::at("read", path))?;
        if length == 0 {
            return Ok(());
        }
        // Torn lines are not stored: their sender was not answered.
        let whole = bytes.ends_with(b"\n");
        if let (true, Ok(line)) = (whole, serde_json::from_slice::<Line<'_>>(&bytes))
            && let Ok(address) = BoxAddress::new(&line.site, &line.box_name)
        {
            let record = RecordId { boot: line.boot, number: line.number };
            note(Noted { address, record, previous: line.previous });
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::seen::Seen;

    #[test]
    fn records_are_found_again() {
        let folder = tempfile::tempdir().unwrap();
        let (mut days, _) = open(folder.path());
        days.append("2026-11-23", &[line(1), line(2)]).unwrap();
        days.append("2026-11-24", &[line(3)]).unwrap();
        days.append("2026-11-23", &[line(4)]).unwrap();
        let (_, seen) = open(folder.path());
        assert_eq!(seen.count(), 4);
        let text = fs::read_to_string(folder.path().join("2026-11-23.jsonl")).unwrap();
        assert_eq!(text.lines().count(), 3);
    }

    #[test]
    fn a_torn_line_is_cut_and_not_known() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("2026-11-23.jsonl");
        let torn = [&line(1)[..], b"\n", &line(2)[..20]].concat();
        fs::write(&path, torn).unwrap();
        let (mut days, seen) = open(folder.path());
        assert_eq!(seen.count(), 1);
        days.append("2026-11-23", &[line(3)]).unwrap();
        let expected = [&line(1)[..], b"\n", &line(3)[..], b"\n"].concat();
        assert_eq!(fs::read(&path).unwrap(), expected);
    }

    #[test]
    fn a_file_of_one_torn_line_starts_empty() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("2026-11-23.jsonl");
        fs::write(&path, vec![b'x'; 10_000]).unwrap();
        open(folder.path()).0.append("2026-11-23", &[line(1)]).unwrap();
        assert_eq!(open(folder.path()).1.count(), 1);
        assert_eq!(fs::read(&path).unwrap(), [&line(1)[..], b"\n"].concat());
    }

    #[test]
    fn a_strange_line_hides_no_other() {
        let folder = tempfile::tempdir().unwrap();
        let lines = [&line(1)[..], b"\nnot json\n\xff\xfe\n{}\n", &line(2)[..], b"\n"].concat();
        fs::write(folder.path().join("2026-11-23.jsonl"), lines).unwrap();
        assert_eq!(open(folder.path()).1.count(), 2);
    }

    proptest! {
        #[test]
        fn whatever_bytes_stand_between_lines_they_hide_none(
            strange in proptest::collection::vec(any::<u8>(), 0..200),
            torn in proptest::collection::vec(any::<u8>(), 0..200),
        ) {
            let folder = tempfile::tempdir().unwrap();
            let lines = [&line(1)[..], b"\n", &strange, b"\n", &line(2), b"\n", &torn].concat();
            fs::write(folder.path().join("2026-11-23.jsonl"), lines).unwrap();
            prop_assert!(open(folder.path()).1.count() >= 2);
        }
    }

    #[test]
    fn an_error_names_the_path_and_may_be_tried_again() {
        let folder = tempfile::tempdir().unwrap();
        let (mut days, _) = open(folder.path());
        let in_the_way = folder.path().join("2026-11-23.jsonl");
        fs::create_dir(&in_the_way).unwrap();
        let error = days.append("2026-11-23", &[line(1)]).unwrap_err();
        assert!(error.to_string().contains("2026-11-23.jsonl"), "{error}");
        fs::remove_dir(&in_the_way).unwrap();
        days.append("2026-11-23", &[line(1)]).unwrap();
        assert_eq!(open(folder.path()).1.count(), 1);
    }

    #[test]
    fn lines_of_a_failed_append_are_not_written_twice() {
        let folder = tempfile::tempdir().unwrap();
        let (mut days, _) = open(folder.path());
        days.append("2026-11-23", &[line(1)]).unwrap();
        let path = folder.path().join("2026-11-23.jsonl");
        // What a write that reached the disk before its sync failed leaves behind.
        let day = days.today.take().unwrap();
        days.torn = Some((day.path, day.durable_bytes));
        fs::write(&path, [&line(1)[..], b"\n", &line(2)[..], b"\n"].concat()).unwrap();
        days.append("2026-11-23", &[line(2), line(3)]).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap().lines().count(), 3);
    }

    fn open(folder: &Path) -> (Days, Seen) {
        let mut seen = Seen::default();
        let note = |noted: Noted| assert!(seen.insert(&noted.address, noted.record));
        let days = Days::open(folder.to_owned(), note).unwrap();
        (days, seen)
    }

    fn line(number: u64) -> Vec<u8> {
        format!(r#"{{"at":"","site":"gangnam","box":"pole-1","boot":1,"number":{number}}}"#).into()
    }
}
