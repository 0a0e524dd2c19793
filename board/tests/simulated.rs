//! A simulated board from outside: what an installer does to the files, and what the daemon is told.
#![allow(clippy::unwrap_used, reason = "the functions shared by these tests are tests too")]

use std::fs;
use std::path::Path;
use std::time::Duration;

use board::{Board, BoardKind, Door, DoorReport, Occasion, Status};

/// Steps `board` over `span_ms` from `from_ms`, and gives the reports.
fn run(board: &mut Board, from_ms: u64, span_ms: u64) -> Vec<DoorReport> {
    let step_ms = usize::try_from(Board::STEP.as_millis()).unwrap();
    (from_ms..from_ms + span_ms)
        .step_by(step_ms)
        .filter_map(|ms| board.step(Duration::from_millis(ms)).unwrap())
        .collect()
}

fn sim(folder: &Path) -> Board {
    Board::open(&BoardKind::Sim(folder.to_owned())).unwrap()
}

#[test]
fn an_installer_opens_the_door_and_shuts_it() {
    let folder = tempfile::tempdir().unwrap();
    let mut board = sim(folder.path());
    let report = |door, occasion| DoorReport { door, occasion };

    assert_eq!(run(&mut board, 0, 200), [report(Door::Closed, Occasion::Start)]);
    fs::write(folder.path().join("door"), "open\n").unwrap();
    assert_eq!(run(&mut board, 200, 200), [report(Door::Open, Occasion::Change)]);
    fs::write(folder.path().join("door"), "closed").unwrap();
    assert_eq!(run(&mut board, 400, 200), [report(Door::Closed, Occasion::Change)]);
}

#[test]
fn a_door_opened_while_the_power_was_off_is_told_at_the_start() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("door"), "open\n").unwrap();
    let reports = run(&mut sim(folder.path()), 0, 200);
    assert_eq!(reports, [DoorReport { door: Door::Open, occasion: Occasion::Start }]);
}

#[test]
fn a_cut_wire_is_an_open_door() {
    let folder = tempfile::tempdir().unwrap();
    let mut board = sim(folder.path());
    run(&mut board, 0, 200);
    fs::remove_file(folder.path().join("door")).unwrap();
    let reports = run(&mut board, 200, 200);
    assert_eq!(reports, [DoorReport { door: Door::Open, occasion: Occasion::Change }]);
}

#[test]
fn a_word_that_is_no_level_is_an_error_that_names_the_file_and_does_not_stop_the_board() {
    let folder = tempfile::tempdir().unwrap();
    let mut board = sim(folder.path());
    let door = folder.path().join("door");
    fs::write(&door, "ajar\n").unwrap();
    let error = board.step(Duration::ZERO).unwrap_err().to_string();
    assert_eq!(
        error,
        format!(
            "simulated board: {} holds \"ajar\", expected \"closed\" or \"open\"",
            door.display()
        )
    );
    fs::write(&door, "closed\n").unwrap();
    assert_eq!(run(&mut board, 20, 200).len(), 1);
}

#[test]
fn the_lamp_file_follows_the_status() {
    let folder = tempfile::tempdir().unwrap();
    let mut board = sim(folder.path());
    let lamp = || fs::read_to_string(folder.path().join("lamp")).unwrap();

    assert_eq!(lamp(), "off\n");
    board.show(Status::Fault);
    board.step(Duration::from_millis(0)).unwrap();
    assert_eq!(lamp(), "on \n");
    board.step(Duration::from_millis(120)).unwrap();
    assert_eq!(lamp(), "off\n");
}

#[test]
fn a_simulated_board_says_that_it_is_and_a_missing_one_says_nothing() {
    let folder = tempfile::tempdir().unwrap();
    assert!(sim(folder.path()).description().starts_with("SIMULATED board in "));

    let mut none = Board::open(&BoardKind::None).unwrap();
    none.show(Status::Ok);
    assert_eq!(run(&mut none, 0, 200), []);
}

#[test]
fn a_folder_that_cannot_be_made_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    fs::write(&file, "").unwrap();
    let error = Board::open(&BoardKind::Sim(file.join("board"))).err().unwrap();
    assert!(error.to_string().contains("file/board"), "{error}");
}

#[test]
fn a_machine_that_is_no_pi_is_told_so_in_one_line() {
    if Path::new("/proc/device-tree/model").exists() {
        return; // Perhaps a Pi: its lines are not ours to take in a test.
    }
    let error = Board::open(&BoardKind::Rpi).err().unwrap().to_string();
    assert!(error.contains("this machine is not a Raspberry Pi"), "{error}");
    assert!(!error.contains('\n'), "{error}");
}
