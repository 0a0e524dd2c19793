//! A TCP proxy that treats its connections as badly as a mobile network does, on command.
//!
//! Promises: bytes it passes on are passed whole and in order; what it does to a connection it does at
//! once, also to those that are open. Refuses: knowing the protocol it carries, and other than
//! loopback addresses. It is simulated trouble, and real sockets.

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result};

/// How long a pump waits for bytes before it looks at its orders again.
const LOOK_EVERY: Duration = Duration::from_millis(20);
/// The most that is passed on in one go; less than an alarm with its still's first piece.
const GULP_BYTES: usize = 4096;

/// How connections are treated.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Treatment {
    /// Passed on as they are.
    #[default]
    Pass,
    /// Every gulp waits before it is passed on.
    Delay(Duration),
    /// At most this many bytes a second, each way.
    Throttle(u32),
    /// Nothing is passed on, nothing is closed: the other end seems to think.
    HalfOpen,
    /// After so many more bytes a connection is closed, in the middle of a packet or not.
    CutAfter(usize),
    /// New connections are closed at once, open ones too.
    Refuse,
}

/// What all pumps obey.
#[derive(Clone, Copy, Debug, Default)]
struct Orders {
    treatment: Treatment,
    /// Connections of an earlier age are to be closed.
    age: u64,
}

/// A proxy in front of one port of 127.0.0.1.
pub struct Proxy {
    port: u16,
    orders: Arc<Mutex<Orders>>,
}

impl Proxy {
    /// A proxy that passes on to port `to`; it lives as long as the process.
    ///
    /// # Errors
    /// When there is no port or no thread for it.
    pub fn start(to: u16) -> Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("no free port")?;
        let port = listener.local_addr()?.port();
        let orders = Arc::new(Mutex::new(Orders::default()));
        let shared = orders.clone();
        thread::Builder::new().name("proxy".to_owned()).spawn(move || {
            for near in listener.incoming().flatten() {
                // A broker that is down closes the door, and so does its proxy.
                let Ok(far) = TcpStream::connect((Ipv4Addr::LOCALHOST, to)) else { continue };
                let _ = join(&near, &far, &shared);
            }
        })?;
        Ok(Self { port, orders })
    }

    /// Its port on 127.0.0.1.
    #[must_use]
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// Treats every connection like this from now on.
    pub fn treat(&self, treatment: Treatment) {
        self.orders.lock().unwrap_or_else(PoisonError::into_inner).treatment = treatment;
    }

    /// Closes every open connection.
    pub fn drop_all(&self) {
        self.orders.lock().unwrap_or_else(PoisonError::into_inner).age += 1;
    }
}

/// One direction of a connection.
struct Pump {
    from: TcpStream,
    to: TcpStream,
    orders: Arc<Mutex<Orders>>,
    age: u64,
    /// Bytes passed on since they were limited to a number.
    since_limited: usize,
}

fn join(near: &TcpStream, far: &TcpStream, orders: &Arc<Mutex<Orders>>) -> io::Result<()> {
    let age = orders.lock().unwrap_or_else(PoisonError::into_inner).age;
    for (from, to) in [(near, far), (far, near)] {
        from.set_nodelay(true)?;
        from.set_read_timeout(Some(LOOK_EVERY))?;
        let (from, to) = (from.try_clone()?, to.try_clone()?);
        let mut pump = Pump { from, to, orders: orders.clone(), age, since_limited: 0 };
        thread::Builder::new().name("pump".to_owned()).spawn(move || {
            // However it ends, both ends learn of it.
            let _ = pump.run();
            let _ = pump.from.shutdown(Shutdown::Both);
            let _ = pump.to.shutdown(Shutdown::Both);
        })?;
    }
    Ok(())
}

impl Pump {
    fn run(&mut self) -> io::Result<()> {
        let mut gulp = [0; GULP_BYTES];
        loop {
            let Orders { treatment, age } =
                *self.orders.lock().unwrap_or_else(PoisonError::into_inner);
            if age != self.age || treatment == Treatment::Refuse {
                return Ok(());
            }
            if treatment == Treatment::HalfOpen {
                thread::sleep(LOOK_EVERY);
                continue;
            }
            match self.from.read(&mut gulp) {
                Ok(0) => return Ok(()),
                Ok(length) => self.pass_on(&gulp[..length], treatment)?,
                Err(error) if is_only_late(&error) => {}
                Err(error) => return Err(error),
            }
        }
    }

    fn pass_on(&mut self, bytes: &[u8], treatment: Treatment) -> io::Result<()> {
        match treatment {
            Treatment::Delay(wait) => thread::sleep(wait),
            Treatment::Throttle(bytes_per_s) => {
                let share = bytes.len() as f64 / f64::from(bytes_per_s.max(1));
                thread::sleep(Duration::from_secs_f64(share));
            }
            Treatment::CutAfter(limit) => {
                let left = limit.saturating_sub(self.since_limited).min(bytes.len());
                self.to.write_all(&bytes[..left])?;
                self.since_limited += left;
                return if left < bytes.len() {
                    Err(io::ErrorKind::BrokenPipe.into())
                } else {
                    Ok(())
                };
            }
            Treatment::Pass | Treatment::HalfOpen | Treatment::Refuse => self.since_limited = 0,
        }
        self.to.write_all(bytes)
    }
}

fn is_only_late(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An echo behind a proxy.
    fn echo() -> (Proxy, TcpStream) {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let proxy = Proxy::start(listener.local_addr().unwrap().port()).unwrap();
        thread::spawn(move || {
            for mut caller in listener.incoming().flatten() {
                thread::spawn(move || {
                    let mut back = caller.try_clone().unwrap();
                    let _ = io::copy(&mut caller, &mut back);
                });
            }
        });
        let caller = TcpStream::connect((Ipv4Addr::LOCALHOST, proxy.port())).unwrap();
        caller.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        (proxy, caller)
    }

    #[test]
    fn what_passes_comes_back_whole() {
        let (_proxy, mut caller) = echo();
        let sent: Vec<u8> = (0..100_000u32).map(|index| index as u8).collect();
        caller.write_all(&sent).unwrap();
        let mut back = vec![0; sent.len()];
        caller.read_exact(&mut back).unwrap();
        assert_eq!(back, sent);
    }

    #[test]
    fn a_cut_comes_in_the_middle_of_what_was_sent() {
        let (proxy, mut caller) = echo();
        proxy.treat(Treatment::CutAfter(10));
        caller.write_all(&[7; 30]).unwrap();
        let mut back = Vec::new();
        // The end of the connection may be told as an end or as an error.
        let _ = caller.read_to_end(&mut back);
        assert!(back.len() <= 10, "{} bytes came back", back.len());
    }

    #[test]
    fn a_half_open_connection_goes_on_when_it_is_let_again() {
        let (proxy, mut caller) = echo();
        proxy.treat(Treatment::HalfOpen);
        caller.write_all(b"patience").unwrap();
        caller.set_read_timeout(Some(10 * LOOK_EVERY)).unwrap();
        let mut back = [0; 8];
        assert!(is_only_late(&caller.read(&mut back).unwrap_err()));
        proxy.treat(Treatment::Pass);
        caller.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        caller.read_exact(&mut back).unwrap();
        assert_eq!(&back, b"patience");
    }

    #[test]
    fn dropped_connections_end_and_new_ones_are_taken() {
        let (proxy, mut caller) = echo();
        proxy.drop_all();
        assert_eq!(caller.read(&mut [0]).unwrap_or(0), 0);
        let mut again = TcpStream::connect((Ipv4Addr::LOCALHOST, proxy.port())).unwrap();
        again.write_all(b"x").unwrap();
        again.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        let mut back = [0];
        again.read_exact(&mut back).unwrap();
        assert_eq!(&back, b"x");
    }
}
